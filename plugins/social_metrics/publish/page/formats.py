"""Formats of numbers, dates and times in Indonesian and English: 1.234,5 and 31 Januari 2024, or 1,234.5."""

from datetime import date, datetime, tzinfo
from math import floor
from typing import Literal

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = ("id", "en")

MONTHS: dict[Language, tuple[str, ...]] = {
    "id": (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni",
        "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
MONTHS_SHORT: dict[Language, tuple[str, ...]] = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
_TO_INDONESIAN = str.maketrans({",": ".", ".": ","})


def number(value: float, language: Language, decimals: int = 0) -> str:
    """A number with thousands marked: 1.234,5 in Indonesian, 1,234.5 in English."""
    text = f"{value:,.{decimals}f}".replace("-", MINUS)
    return text.translate(_TO_INDONESIAN) if language == "id" else text


def signed(value: int, language: Language) -> str:
    """A change with its sign; nothing is put before zero."""
    return f"+{number(value, language)}" if value > 0 else number(value, language)


def percent(share: float, language: Language) -> str:
    """A share of 0 to 1 as a percentage, rounded half up to a tenth; only the whole is called 100%."""
    tenths = floor(share * 1000 + 0.5 + 1e-9)
    return f"{number((min(tenths, 999) if share < 1 else tenths) / 10, language, 0 if share in (0, 1) else 1)}%"


def change(
    value: int | None,
    low: int | None,
    high: int | None,
    is_measurable: bool | None,
    language: Language,
) -> str | None:
    """A change with its bounds: +120, +1.200 ± 99, or +1.200 (+1.101 … +2.199); None when unknown.

    Args:
        value: the difference of the two displayed counts.
        low: the least that the true change can be.
        high: the most that it can be.
        is_measurable: False when the whole difference may be rounding; the result is None then.
        language: of the result.
    """
    if value is None or low is None or high is None or not is_measurable:
        return None
    if low == high:
        return signed(value, language)
    if value - low == high - value:
        return f"{signed(value, language)} ±{NO_BREAK}{number(high - value, language)}"
    return f"{signed(value, language)} ({signed(low, language)} … {signed(high, language)})"


def long_date(day: date, language: Language) -> str:
    """31 Januari 2024, 31 January 2024."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def short_date(day: date, language: Language) -> str:
    """31 Jan, for the axis of a chart."""
    return f"{day.day} {MONTHS_SHORT[language][day.month - 1]}"


def clock_time(instant: datetime, zone: tzinfo, language: Language) -> str:
    """20.05 in Indonesian, 20:05 in English, in the given zone and without its label."""
    return instant.astimezone(zone).strftime("%H.%M" if language == "id" else "%H:%M")


def long_time(instant: datetime, zone: tzinfo, label: str, language: Language) -> str:
    """24 November 2026, 19.32 WITA, with a no-break space before the zone."""
    local = instant.astimezone(zone)
    return f"{long_date(local.date(), language)}, {clock_time(instant, zone, language)}{NO_BREAK}{label}"


def rank(best: int, worst: int) -> str:
    """A rank, or the ranks that rounding leaves possible: 3–4."""
    return str(best) if best == worst else f"{best}\N{EN DASH}{worst}"
