"""The parts of the packs that show figures: scorecard, drawings, programmes, method, limits."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from social_metrics.clock import month_end
from social_metrics.publish.page import chart
from social_metrics.publish.phrases import DASH
from social_metrics.publish.reports import typesetting as page
from social_metrics.publish.reports.charts import center_days
from social_metrics.publish.reports.month_record import Figures, MonthRecord
from social_metrics.publish.reports.phrases import Phrases, names_of

_INDICATOR_SHEET = ("indicator", "measures", "formula", "unit", "source", "frequency", "owner")  # as in docs/audit.md
_MANY = 3  # dates; from so many on, only the first and the last are shown


class MonthSections:
    """What the parts of a pack have in common."""

    def __init__(self, record: MonthRecord, phrases: Phrases) -> None:
        """Keep the record and how it is put into words."""
        self._record = record
        self._phrases = phrases
        self._text = phrases.text
        self.names = {row["center_code"]: row["center_name"] for row in record.centers}

    def _table(
        self, title: str, columns: Sequence[page.Column], rows: Sequence[Sequence[str]], **look: Any
    ) -> list[page.Block]:
        """A heading and a table; its columns are named by the keys of their texts."""
        titled = [(self._text(key) if key else "", share, alignment) for key, share, alignment in columns]
        return [page.heading(title), page.table(titled, rows, empty=self._text("report_none"), **look)]


class Sections(MonthSections):
    """Blocks of one month in one language; with a center's code only what is that center's own."""

    def __init__(self, record: MonthRecord, phrases: Phrases) -> None:
        """Keep the record and how it is put into words."""
        super().__init__(record, phrases)
        self._program_labels = record.labels("programs", "program", phrases.language)
        self._recency = {row["center_code"]: row for row in record.board("leaderboard_recency")}
        self._ranks = {row["center_code"]: row for row in record.board("leaderboard_followers")}

    def scorecard(self) -> list[page.Block]:
        """All centers, in the order of the followers board."""
        columns: list[page.Column] = [
            ("rank", None, "right"), ("center", 2.5, "left"), ("account_followers", 1.25, "right"),
            ("growth", 2.2, "right"), ("growth_pct", 1.1, "right"), ("posts", 0.9, "right"),
            ("longest_silence", 1.25, "right"), ("last_post", 1.5, "left"), ("platforms_present", 0.9, "right"),
            ("programs", 1.15, "right"), ("completeness", 0.8, "right"), ("score_title", 1.25, "right"),
            ("achievement", 1.5, "left"),
        ]  # fmt: skip
        rows = [self._scorecard_row(row) for row in self._record.centers]
        return [
            *self._table(f"{self._text('scorecard')} ({len(rows)})", columns, rows, size=7.5, inset=1.7),
            page.text(self._text("top_note"), is_soft=True, size=7.5),
            self._read_on(self._record.centers),
        ]

    def own_figures(self, row: Figures) -> list[page.Block]:
        """One center's figures, one below the other, with its ranks and with the days that they were read on."""
        phrases, code = self._phrases, row["center_code"]
        recency = self._recency.get(code)
        lines = [
            ("account_followers", self._followers(row)),
            ("rank", self._rank(code)),
            ("growth", self._corrected(code, "growth", phrases.growth(row))),
            ("growth_pct", self._corrected(code, "growth_pct", phrases.growth_percent(row))),
            ("posts", self._corrected(code, "posts", self._posts(row))),
            ("longest_silence", self._silence(row)),
            ("last_post", phrases.last_post(recency) if recency else DASH),
            ("platforms_present", self._platforms_of(row)),
            ("engagement", phrases.count(row["engagement_rate_pct"], 2)),
            ("completeness", self._captured(row["account_days_captured"], row["account_days_expected"])),
            ("score_title", self._corrected(code, "score", phrases.score(row))),
            ("achievement", row[f"achievement_label_{phrases.language}"]),
        ]
        rows = [(self._text(key), value) for key, value in lines]
        columns: list[page.Column] = [("figure", 1, "left"), ("value", 2, "left")]
        return [*self._table(self._text("own_figures"), columns, rows), self._read_on([row])]

    def charts(self, rows: Sequence[Figures], columns: int) -> list[page.Block]:
        """The followers of these centers over the month."""
        first = self._record.close.month_start
        last = month_end(first)
        days = center_days(self._record.rows["fct_follower_growth_daily"])
        drawings: list[tuple[str, str, str | None]] = []
        for row in rows:
            drawn = chart.draw(days.get(row["center_code"], []), first, last)
            empty = (last - first).days + 1 - sum(map(chart.is_complete, days.get(row["center_code"], [])))
            note = (
                f"{self._ends(drawn)}; {self._text('report_chart_gaps', n=empty)}"
                if drawn
                else self._text("report_chart_empty")
            )
            picture = chart.svg(drawn, [self._phrases.language]) if drawn else None
            drawings.append((row["center_name"], note, picture))
        return [
            page.heading(self._text("chart_followers")),
            page.text(self._text("report_chart_note"), is_soft=True, size=8),
            page.charts(drawings, columns),
        ]

    def programs_of(self, row: Figures) -> list[page.Block]:
        """Programmes that one center covered, and those that it did not."""
        unknown = row["programs_unknown"]
        note = [page.text(self._text("programs_unknown", n=unknown), is_soft=True, size=8.5)] if unknown else []
        blocks = []
        for key, listed in (
            ("programs_not_covered", row["programs_not_covered_list"]),
            ("programs_covered", row["programs_covered_list"]),
        ):
            # Where nothing is listed and some are not known, "none" would claim too much.
            shown = [self._programs(listed)] if listed or not unknown else []
            blocks += [page.heading(self._text(key)), *shown, *note]
        return blocks

    def programs_of_all(self) -> list[page.Block]:
        """Programmes that each center did not cover."""
        rows = [
            (
                row["center_name"],
                self._covered(row),
                names_of(row["programs_not_covered_list"], self._program_labels),
                str(row["programs_unknown"]),
            )
            for row in self._record.centers
        ]
        columns: list[page.Column] = [
            ("center", 2, "left"), ("programs", 0.8, "right"), ("programs_not_covered", 6, "left"),
            ("not_known", 0.8, "right"),
        ]  # fmt: skip
        return self._table(self._text("programs_not_covered"), columns, rows, size=7.5, inset=2)

    def method(self) -> list[page.Block]:
        """The indicator sheet and the weights, of the versions that the close names."""
        close = self._record.close
        labels = self._record.labels("score_weights", "measure", self._phrases.language)
        weights = [
            self._text("weight_line", measure=labels[row["measure"]], weight=row["weight"])
            for row in self._record.seeds.get("score_weights", [])
            if row["weights_version"] in (close.score_weights_version or "").split(", ")
        ]
        sheet = [
            *((self._text(f"sheet_{n}"), self._text(f"sheet_{n}_value")) for n in _INDICATOR_SHEET),
            self._target(),
        ]
        columns: list[page.Column] = [("method", None, "left"), ("", 1, "left")]
        title = self._text("indicator_sheet", version=close.indicator_sheet_version)
        blocks = self._table(title, columns, sheet, is_whole=True)
        if weights:
            title = self._text("weights", version=close.score_weights_version)
            blocks += [page.heading(title), page.bullets(weights, 8.5)]
        return blocks

    def limits(self, center_code: str | None = None) -> list[page.Block]:
        """Sources of uncertainty: gaps, rounding, breaks, entries by hand, withheld counts, missing accounts."""
        rows = [row for row in self._record.centers if center_code in (None, row["center_code"])]
        of_kind: Counter[str] = Counter()
        for one in self._record.exceptions:
            if center_code in (None, one.center_code):
                of_kind[one.kind] += one.days or 1
        captured = sum(row["account_days_captured"] for row in rows)
        expected = sum(row["account_days_expected"] for row in rows)
        without = sum(row["platforms_missing"] + row["platforms_not_verified"] for row in rows)
        share = self._phrases.read_share(captured, expected)
        count = self._phrases.count
        lines = [
            self._text("limit_gaps", captured=count(captured), expected=count(expected), share=share),
            self._text("limit_rounding"),
            self._text("limit_breaks", n=count(of_kind["definition_break"])),
            self._text("limit_by_hand", n=count(of_kind["entered_by_hand"])),
            self._text("limit_hidden", n=count(of_kind["count_withheld"])),
            self._text("limit_no_access", n=count(without)),
        ]
        own = {
            row["platform"]
            for row in self._record.rows["fct_follower_growth_daily"]
            if center_code in (None, row["center_code"])
        }
        for platform, basis in sorted(self._record.close.retention_basis.items()):
            if platform in own:
                days = basis["count_retention_days"]
                key = "forever" if days is None else basis["basis"]
                label = self._phrases.platforms.get(platform, platform)
                lines.append(self._text(f"limit_retention_{key}", platform=label, days=days))
        return [page.heading(self._text("limits")), page.bullets(lines, 8.5)]

    def missing(self) -> list[tuple[str, str]]:
        """Each center that lacks figures, with the reasons."""
        phrases = self._phrases
        unread: Counter[str] = Counter()
        withheld: dict[tuple[str, str], set[str]] = defaultdict(set)  # by center and whether it expired or is hidden
        platform_of = {row["account_code"]: row["platform"] for row in self._record.rows["fct_follower_growth_daily"]}
        for one in self._record.exceptions:
            if one.kind == "not_captured":
                unread[one.center_code] += one.days or 0
            elif one.kind == "count_withheld" and one.account_code:
                why = "missing_expired" if one.detail == "retention_expired" else "missing_hidden"
                withheld[one.center_code, why].add(platform_of.get(one.account_code, one.account_code))
        lines = []
        for row in self._record.centers:
            code = row["center_code"]
            without = row["end_incomplete_reason"]
            parts = [self._text("missing_number", reason=phrases.reason(without))] if without else []
            parts += phrases.platform_lists(
                missing_accounts=row["platforms_missing_list"],
                missing_unverified=row["platforms_not_verified_list"],
                missing_hidden=sorted(withheld[code, "missing_hidden"]),
                missing_expired=sorted(withheld[code, "missing_expired"]),
            )
            if unread[code]:
                parts.append(self._text("missing_days", n=phrases.count(unread[code])))
            if parts:
                lines.append((row["center_name"], "; ".join(parts)))
        return lines

    def _ends(self, drawn: chart.Chart) -> str:
        """The first and the last figure of a drawing, with their dates."""
        ends = (
            f"{self._phrases.count(day.followers_count)} ({self._phrases.short_date(day.date_day)})"
            for day in (drawn.first, drawn.last)
        )
        words = " → ".join(ends)
        first, last = drawn.first.accounts_captured, drawn.last.accounts_captured
        return words if first == last else f"{words}; {self._text('chart_accounts', first=first, last=last)}"

    def _target(self) -> tuple[str, str]:
        """What is aimed at: the documents of the targets in force, or that none was set."""
        rows = self._record.centers
        documents = sorted({row["target_document_ref"] for row in rows if row["targets_version"]})
        label = next((row[f"achievement_label_{self._phrases.language}"] for row in rows), DASH)
        return self._text("target"), ", ".join(filter(None, documents)) if documents else label

    def _read_on(self, rows: Sequence[Figures]) -> page.Block:
        """On which days the two values were read whose difference is the growth."""
        ends = []
        for name in ("start", "end"):
            days = sorted({one[f"{name}_newest_capture_date"] for one in rows} - {None})
            shown = days if len(days) < _MANY else [days[0], days[-1]]
            ends.append(f" {DASH} ".join(map(self._phrases.day, shown)) or DASH)
        return page.text(self._text("ends", start=ends[0], end=ends[1]), is_soft=True, size=7.5)

    def _scorecard_row(self, row: Figures) -> list[str]:
        phrases, code = self._phrases, row["center_code"]
        recency = self._recency.get(code)
        required = row["platforms_present"] + row["platforms_missing"] + row["platforms_not_verified"]
        return [
            self._rank(code),
            row["center_name"],
            self._followers(row),
            self._corrected(code, "growth", phrases.growth(row)),
            self._corrected(code, "growth_pct", phrases.growth_percent(row)),
            self._corrected(code, "posts", self._posts(row)),
            self._silence(row, is_short=True),
            phrases.last_post(recency).split(",")[0] if recency else DASH,
            f"{row['platforms_present']}/{required}",
            self._covered(row),
            phrases.read_share(row["account_days_captured"], row["account_days_expected"]),
            self._corrected(code, "score", phrases.score(row)),
            row[f"achievement_label_{phrases.language}"],
        ]

    def _rank(self, center_code: str) -> str:
        row = self._ranks.get(center_code)
        return self._phrases.rank(row["best_rank"], row["worst_rank"]) if row else DASH

    def _covered(self, row: Figures) -> str:
        """Programmes covered, of those that are known; an unknown one is not counted as zero."""
        covered, unknown = row["programs_covered"], row["programs_unknown"]
        known = covered + row["programs_not_covered"]
        if not known:
            return self._text("not_known") if unknown else DASH
        return f"{covered}/{known}" + (f" ({unknown} ?)" if unknown else "")

    def _posts(self, row: Figures) -> str:
        """The posts of the month; a lower bound where not every account could be viewed."""
        count = self._phrases.count(row["posts"])
        return f"≥ {count}" if row["longest_silence_null_reason"] == "not_observed" else count

    def _followers(self, row: Figures) -> str:
        words = self._phrases.count(row["end_followers_count"])
        return self._corrected(row["center_code"], "end_followers_count", words)

    def _silence(self, row: Figures, *, is_short: bool = False) -> str:
        days, why = row["longest_silence_days"], row["longest_silence_null_reason"]
        if days is None and is_short:
            return self._corrected(row["center_code"], "longest_silence_days", self._text("not_known"))
        words = self._phrases.reason(why) if days is None else self._phrases.count(days)
        return self._corrected(row["center_code"], "longest_silence_days", words)

    def _corrected(self, center_code: str, figure: str, published: str) -> str:
        """The published figure, and that of the last approved correction beside it."""
        new = [
            one.new_value for one in self._record.corrections if (one.center_code, one.figure) == (center_code, figure)
        ]
        return f"{published} → {self._phrases.value(new[-1])}*" if new else published

    def _captured(self, captured: int, expected: int) -> str:
        share = self._phrases.read_share(captured, expected)
        count = self._phrases.count
        return self._text("captured_of", captured=count(captured), expected=count(expected), share=share)

    def _platforms_of(self, row: Figures) -> str:
        absent = self._phrases.platform_lists(
            missing_accounts=row["platforms_missing_list"], missing_unverified=row["platforms_not_verified_list"]
        )
        return "; ".join([names_of(row["platforms_present_list"], self._phrases.platforms), *absent])

    def _programs(self, listed: str | None) -> page.Block:
        if not listed:
            return page.text(self._text("report_none"), is_soft=True, size=8.5)
        return page.bullets([self._program_labels.get(code, code) for code in listed.split(", ")], 8.5)
