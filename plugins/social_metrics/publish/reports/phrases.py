"""Figures, exceptions and corrections of a month as phrases of a report, in one language."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from social_metrics.audit.answers import AskedException
from social_metrics.audit.corrections import Correction
from social_metrics.publish import phrases, texts
from social_metrics.publish.phrases import DASH
from social_metrics.publish.texts import TEXTS

Figures = Mapping[str, Any]
EXCEPTION_KINDS = tuple(key.removeprefix("kind_") for key in TEXTS if key.startswith("kind_"))
_FIGURES = {
    "end_followers_count": "account_followers",
    "growth": "growth",
    "growth_pct": "growth_pct",
    "posts": "posts",
    "longest_silence_days": "longest_silence",
    "score": "score",
    "engagement_rate_pct": "engagement",
    "platforms_present": "platforms_present",
    "programs_covered": "programs",
}
"""Column of a corrected figure → its name where reports show it."""


def names_of(codes: str | Iterable[str] | None, labels: Mapping[str, str]) -> str:
    """The labels of codes, or of a mart's list of codes; a dash where there is none."""
    listed = codes.split(", ") if isinstance(codes, str) else codes or ()
    return ", ".join(labels.get(code, code) for code in listed) or DASH


class Phrases(phrases.Phrases):
    """Formats figures and exceptions for one report."""

    def platform_lists(self, **listed: str | Iterable[str] | None) -> list[str]:
        """Texts, each with the names of its platforms ("x, youtube" in a mart); a text without any is left out."""
        return [self.text(key, platforms=names_of(codes, self.platforms)) for key, codes in listed.items() if codes]

    def growth(self, row: Figures) -> str:
        """The growth of a month with its bounds, or why there is none."""
        if row["growth_null_reason"]:
            return self.reason(row["growth_null_reason"])
        return self.change(row["growth"], row["growth_low"], row["growth_high"], row["growth_is_measurable"])

    def growth_percent(self, row: Figures) -> str:
        """The growth of a month in percent of its baseline; a dash where the rounding leaves its sign open."""
        return self.count(row["growth_pct"] if row["growth_is_measurable"] else None, 2)

    def score(self, row: Figures) -> str:
        """The score, or that too little is known for one; the known share of its weight beside it."""
        shown = self.text("score_not_assessable") if row["score"] is None else self.count(row["score"], 1)
        return f"{shown} ({self.share(row['score_known_share'])})"

    def movement(self, row: Figures, before: Sequence[Figures] | None) -> str:
        """How a center moved on a board since the month before; ranks that may be the same are the same."""
        if before is None:
            return self.text("no_close_before")
        was = next((one for one in before if one["center_code"] == row["center_code"]), None)
        if was is None or was["best_rank"] is None:
            return self.text("new_rank")
        if row["worst_rank"] < was["best_rank"]:
            return self.text("up", n=was["best_rank"] - row["worst_rank"])
        if row["best_rank"] > was["worst_rank"]:
            return self.text("down", n=row["best_rank"] - was["worst_rank"])
        return self.text("same")

    def last_post(self, row: Figures) -> str:
        """The last post in the center's own time, with the zone's letters."""
        return self.local_time(row["last_post_at"], row["time_zone"])

    def recency(self, row: Figures) -> list[str]:
        """The cells of a row of the recency board: rank, center, last post, platform, age."""
        platform = self.platforms.get(row["last_post_platform"], DASH)
        age = self.text("days_ago", n=row["days_since_last_post"])
        rank = self.rank(row["best_rank"], row["worst_rank"])
        return [rank, row["center_name"], self.last_post(row), platform, age]

    def exception(self, one: AskedException) -> str:
        """The text of an exception."""
        detail = one.detail or ""
        if f"withheld_{detail}" in TEXTS and one.kind == "count_withheld":
            return self.text(f"withheld_{detail}")
        if one.kind in ("not_captured", "no_account", "count_withheld", "without_growth", "without_number"):
            detail = self.reason(one.detail)
        elif one.kind == "account_closed":
            detail = texts.reason(detail, self.language) or detail
        elif one.kind == "growth_within_rounding":
            detail = " … ".join(self.count(int(end)) for end in detail.split(" … "))
        return self.text(f"kind_{one.kind}", detail=detail)

    def span(self, one: AskedException) -> str:
        """The days of an exception."""
        if one.first_date is None or one.last_date is None:
            return DASH
        first, last = (self.short_date(day) for day in (one.first_date, one.last_date))
        span = first if one.first_date == one.last_date else self.text("until", first=first, last=last)
        is_single = one.days is None or one.first_date == one.last_date
        return span if is_single else self.text("with_days", span=span, n=one.days)

    def value(self, value: object) -> str:
        """A figure of any column, as a correction shows it."""
        if value is None:
            return self.text("not_known")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return str(value)
        return self.count(value, 0 if float(value).is_integer() else 2)

    def figure(self, correction: Correction) -> str:
        """The name of a corrected figure, in words where reports show it."""
        key = _FIGURES.get(correction.figure)
        return self.text(key) if key else correction.figure
