"""Figures, dates and reasons as phrases of one language, for page and reports; `InBoth` gives both languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from social_metrics.clock import WIB
from social_metrics.publish import texts
from social_metrics.publish.page import formats
from social_metrics.publish.page.formats import Language
from social_metrics.publish.texts import Both

DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class Phrases:
    """Formats what a reader sees, in one language.

    Attributes:
        language: of the phrases.
        outcomes: outcome of a capture → its label.
        platforms: platform → its name.
        zones: time zone → its letters.
        bands: recency band → its label.
        next_steps: outcome → its next step; empty without one.
    """

    language: Language
    outcomes: Mapping[str, str]
    platforms: Mapping[str, str]
    zones: Mapping[str, str]
    bands: Mapping[str, str] = field(default_factory=dict)
    next_steps: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, **values: object) -> str:
        """A text with its values filled in."""
        return texts.text(key, self.language, **values)

    def count(self, value: float | None, decimals: int = 0) -> str:
        """A number; a dash where there is none."""
        return DASH if value is None else formats.number(value, self.language, decimals)

    def share(self, value: float | None) -> str:
        """A share of 0 to 1 in percent; a dash where there is none."""
        return DASH if value is None else formats.percent(value, self.language)

    def read_share(self, read: int, expected: int) -> str:
        """What was read of what was expected, in percent."""
        return self.share(read / expected if expected else None)

    def day(self, day: date | str | None) -> str:
        """A date in words; a dash where there is none."""
        if day is None:
            return DASH
        return formats.long_date(date.fromisoformat(day) if isinstance(day, str) else day, self.language)

    def short_date(self, day: date) -> str:
        """A date for an axis."""
        return formats.short_date(day, self.language)

    def month(self, month_start: date) -> str:
        """Oktober 2026."""
        return f"{formats.MONTHS[self.language][month_start.month - 1]} {month_start.year}"

    def wib(self, instant: datetime) -> str:
        """An instant in Jakarta's time."""
        return formats.long_time(instant, WIB, "WIB", self.language)

    def wib_times(self, first: datetime | None, last: datetime | None) -> str:
        """From when to when, in WIB and without its letters; one time when both are the same minute."""
        if first is None or last is None:
            return self.text("none")
        times = (formats.clock_time(at, WIB, self.language) for at in (first, last))
        return "–".join(dict.fromkeys(times))

    def local_time(self, instant: datetime | str | None, zone: str, letters: str | None = None) -> str:
        """An instant in a center's own time, with the zone's letters."""
        if instant is None:
            return DASH
        at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        return formats.long_time(at, ZoneInfo(zone), letters or self.zones.get(zone, zone), self.language)

    def ago(self, days: int) -> str:
        """Days ago in WIB dates: today, yesterday, n days ago."""
        return self.text(f"days_{days}" if days in (0, 1) else "days_n", n=days)

    def age(self, days: int | None) -> str:
        """Age of an account's last figure."""
        return self.text("never_read") if days is None else self.text("last_read", ago=self.ago(days).lower())

    def rank(self, best: int | None, worst: int | None) -> str:
        """A place, or the places that the rounding leaves possible."""
        return DASH if best is None or worst is None else formats.rank(best, worst)

    def change(self, value: int | None, low: int | None, high: int | None, is_measurable: bool | None) -> str:
        """A change with its bounds, that the rounding leaves it open, or that there is nothing to compare with."""
        if value is None:
            return self.text("no_change")
        return formats.change(value, low, high, is_measurable, self.language) or self.text("not_measurable")

    def next_step(self, outcome: str) -> str:
        """The next step for an outcome; empty without one."""
        return self.next_steps.get(outcome, "")

    def reason(self, code: str | None) -> str:
        """Why there is no figure: a mart's reason, an outcome or a band; an unknown code is shown as it is."""
        if code is None:
            return DASH
        known = texts.reason(code, self.language) or self.outcomes.get(code) or self.bands.get(code)
        return known or code.replace("_", " ")


class InBoth:
    """The phrases of both languages: a call of any method gives its answers as `Both`."""

    def __init__(self, indonesian: Phrases, english: Phrases) -> None:
        """Keep the phrases of each language."""
        self._phrases = (indonesian, english)

    def __getattr__(self, name: str) -> Callable[..., Both]:
        """The method of that name, in both languages."""
        return lambda *values, **named: Both(*(getattr(one, name)(*values, **named) for one in self._phrases))
