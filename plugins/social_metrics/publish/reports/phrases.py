"""Figures and exceptions of a month as phrases of a report, in one language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from social_metrics.audit.answers import AskedException
from social_metrics.audit.corrections import Correction
from social_metrics.clock import WIB
from social_metrics.publish.page import formats
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports.texts import TEXTS, reason, text

DASH = "\N{EN DASH}"
Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Phrases:
    """Formats figures and exceptions for one report.

    Attributes:
        language: of the report.
        outcomes: outcome of a capture → its label.
        platforms: platform → its name.
        zones: time zone → its letters.
    """

    language: Language
    outcomes: Mapping[str, str]
    platforms: Mapping[str, str]
    zones: Mapping[str, str]

    def text(self, key: str, **values: object) -> str:
        """A text in the report's language, with its values filled in."""
        return text(key, self.language, **values)

    def count(self, value: float | None, decimals: int = 0) -> str:
        """A number; a dash where there is none."""
        return DASH if value is None else formats.number(value, self.language, decimals)

    def share(self, value: float | None) -> str:
        """A share of 0 to 1 in percent; a dash where there is none."""
        return DASH if value is None else formats.percent(value, self.language)

    def day(self, day: date | str | None) -> str:
        """A date in words; a dash where there is none."""
        if day is None:
            return DASH
        return formats.long_date(date.fromisoformat(day) if isinstance(day, str) else day, self.language)

    def month(self, month_start: date) -> str:
        """Oktober 2026."""
        return f"{formats.MONTHS[self.language][month_start.month - 1]} {month_start.year}"

    def wib(self, instant: datetime) -> str:
        """An instant in Jakarta's time."""
        return formats.long_time(instant, WIB, "WIB", self.language)

    def reason(self, code: str | None) -> str:
        """Why there is no figure."""
        if code is None:
            return DASH
        return reason(code, self.language) or self.outcomes.get(code) or code.replace("_", " ")

    def platform_list(self, listed: str | Sequence[str] | None) -> list[str]:
        """The names of platforms out of a mart's list ("x, youtube")."""
        codes = listed.split(", ") if isinstance(listed, str) else listed or ()
        return [self.platforms.get(code, code) for code in codes]

    def change(self, row: Figures, name: str) -> str:
        """The change in the column `name` with its bounds, or that the rounding leaves it open."""
        words = formats.change(
            row[name], row[f"{name}_low"], row[f"{name}_high"], row[f"{name}_is_measurable"], self.language
        )
        return words or self.text("not_measurable")

    def growth(self, row: Figures) -> str:
        """The growth of a month with its bounds, or why there is none."""
        if row["growth_null_reason"]:
            return self.reason(row["growth_null_reason"])
        return self.change(row, "growth")

    def growth_percent(self, row: Figures) -> str:
        """The growth of a month in percent of its baseline; a dash where the rounding leaves its sign open."""
        return self.count(row["growth_pct"] if row["growth_is_measurable"] else None, 2)

    def rank(self, row: Figures) -> str:
        """A place or the places that the rounding leaves possible."""
        return DASH if row["best_rank"] is None else formats.rank(row["best_rank"], row["worst_rank"])

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

    def local_time(self, row: Figures) -> str:
        """The last post in the center's own time, with the zone's letters."""
        if row["last_post_at"] is None:
            return DASH
        at = row["last_post_at"]
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        zone = row["time_zone"]
        return formats.long_time(instant, ZoneInfo(zone), self.zones.get(zone, zone), self.language)

    def recency(self, row: Figures) -> list[str]:
        """The cells of a row of the recency board: rank, center, last post, platform, age."""
        platform = self.platforms.get(row["last_post_platform"], DASH)
        age = self.text("days_ago", n=row["days_since_last_post"])
        return [self.rank(row), row["center_name"], self.local_time(row), platform, age]

    def exception(self, one: AskedException) -> str:
        """The text of an exception."""
        detail = one.detail or ""
        if f"withheld_{detail}" in TEXTS and one.kind == "count_withheld":
            return self.text(f"withheld_{detail}")
        if one.kind in ("not_captured", "no_account", "count_withheld", "without_growth", "without_number"):
            detail = self.reason(one.detail)
        elif one.kind == "account_closed":
            detail = reason(detail, self.language) or detail
        elif one.kind == "growth_within_rounding":
            detail = " … ".join(self.count(int(end)) for end in detail.split(" … "))
        return self.text(f"kind_{one.kind}", detail=detail)

    def span(self, one: AskedException) -> str:
        """The days of an exception."""
        if one.first_date is None or one.last_date is None:
            return DASH
        first, last = (formats.short_date(day, self.language) for day in (one.first_date, one.last_date))
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
        names = {
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
        key = names.get(correction.figure)
        return self.text(key) if key else correction.figure
