"""The reports of a closed month as documents: the leadership page, the full pack, and a pack for each center."""

from collections.abc import Sequence

from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports import typesetting as page
from social_metrics.publish.reports.leadership_page import LeadershipPage, fitted_page, recency_lists, top
from social_metrics.publish.reports.month_record import Figures, MonthRecord
from social_metrics.publish.reports.phrases import Phrases
from social_metrics.publish.reports.sections import Sections
from social_metrics.publish.reports.sign_off_sections import SignOffSections

_SHOWN_CORRECTIONS = 3


class Packs:
    """Makes the documents of one month in one language."""

    def __init__(self, record: MonthRecord, language: Language) -> None:
        """Prepares the sections; every figure comes from the record."""
        self._record = record
        self._language = language
        self._phrases = Phrases(
            language=language,
            outcomes=record.labels("capture_outcomes", "outcome", language),
            platforms={row["platform"]: row["platform_label"] for row in record.seeds.get("platforms", [])},
            zones={row["time_zone"]: row["time_zone_label"] for row in record.seeds.get("time_zones", [])},
        )
        self._text = self._phrases.text
        self._sections = Sections(record, self._phrases)
        self._sign_off = SignOffSections(record, self._phrases)

    def leadership(self) -> page.Block:
        """Report (a): the page of the leadership meeting."""
        record, phrases = self._record, self._phrases
        monthly = {row["center_code"]: row for row in record.centers}
        corrected = {(one.center_code, one.figure) for one in record.corrections}
        followers, recency = record.board("leaderboard_followers"), record.board("leaderboard_recency")

        def followers_row(row: Figures) -> list[str]:
            center = monthly[row["center_code"]]
            marks = [
                "*" if (row["center_code"], name) in corrected else "" for name in ("end_followers_count", "growth")
            ]
            return [
                phrases.rank(row["best_rank"], row["worst_rank"]),
                row["center_name"],
                phrases.count(row["followers_count"]) + marks[0],
                phrases.growth(center) + marks[1],
                phrases.movement(row, record.before),
            ]

        return fitted_page(
            LeadershipPage(
                language=self._language,
                title=self._text("leadership_title", month=phrases.month(record.close.month_start)),
                subtitle=self._text("leadership_subtitle", approved=self._approved_on),
                running=self._text("office"),
                foot=self._foot,
                stamps=self._stamps,
                change_key="growth",
                has_movement=True,
                followers=[followers_row(row) for row in top(followers)],
                recency=[[*phrases.recency(row), phrases.movement(row, record.recency_before)] for row in top(recency)],
                **recency_lists(recency, phrases),
                missing=self._sections.missing(),
                notes=self._corrections_in_short(),
            )
        )

    def full(self) -> page.Block:
        """Report (b): all centers, method, limits, exceptions, corrections, approvals, access and digests."""
        record = self._record
        return self._document(
            self._text("full_title", month=self._month),
            self._text("full_subtitle", version=record.close.version, approved=self._approved_on),
            [
                *self._sections.scorecard(),
                page.new_page(),
                *self._sections.charts(record.centers, columns=3),
                page.new_page(),
                *self._sections.programs_of_all(),
                page.new_page(),
                *self._sections.method(),
                *self._sections.limits(),
                page.new_page(),
                *self._sign_off.exceptions(),
                *self._sign_off.corrections(),
                *self._sign_off.approvals(),
                *self._sign_off.access(),
                *self._sign_off.digests(),
            ],
            is_landscape=True,
        )

    def center(self, center_code: str) -> page.Block:
        """Report (c): one center's own rows only."""
        record = self._record
        row = next(one for one in record.centers if one["center_code"] == center_code)
        return self._document(
            self._text("center_title", center=row["center_name"], month=self._month),
            self._text("center_subtitle", version=record.close.version, approved=self._approved_on),
            [
                *self._sections.own_figures(row),
                *self._sections.charts([row], columns=2),
                *self._sections.programs_of(row),
                *self._sign_off.exceptions(center_code),
                *self._sign_off.corrections(center_code),
                *self._sections.method(),
                *self._sections.limits(center_code),
                *self._sign_off.approvals(),
                *self._sign_off.digests(),
            ],
        )

    def _document(
        self, title: str, subtitle: str, blocks: Sequence[page.Block], *, is_landscape: bool = False
    ) -> page.Block:
        return page.document(
            title=title,
            subtitle=subtitle,
            running=f"{self._text('office')} · {title}",
            foot=self._foot,
            stamps=self._stamps,
            language=self._language,
            blocks=blocks,
            is_landscape=is_landscape,
        )

    def _corrections_in_short(self) -> list[str]:
        notes = [
            self._text(
                "corrected_note",
                what=f"{self._sections.names.get(one.center_code, one.center_code)}, {self._phrases.figure(one)} "
                f"{self._phrases.value(one.old_value)} → {self._phrases.value(one.new_value)} ({one.document_number})",
            )
            for one in self._record.corrections
        ]
        hidden = len(notes) - _SHOWN_CORRECTIONS
        more = [self._text("and_more", n=hidden)] if hidden > 0 else []
        has_before = self._record.before is not None
        return [
            *("* " + note for note in notes[:_SHOWN_CORRECTIONS]),
            *more,
            *([] if has_before else [self._text("no_close_before_note")]),
        ]

    @property
    def _stamps(self) -> list[str]:
        return [self._text("simulated")] if self._record.is_simulated else []

    @property
    def _month(self) -> str:
        return self._phrases.month(self._record.close.month_start)

    @property
    def _foot(self) -> str:
        close = self._record.close
        return self._text(
            "foot", month=self._month, version=close.version, digest=close.sha256, head=self._record.log_head
        )

    @property
    def _approved_on(self) -> str:
        return self._phrases.wib(self._record.steps[-1].acted_at)
