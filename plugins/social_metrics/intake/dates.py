"""Parses dates and times as officers and spreadsheets write them: 24/11/2026, 24 November 2026, a serial number.

Every function raises DateNotUnderstood, with what to write instead, for a value that is none.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel, to_excel

FIRST_YEAR = 2024  # the indicator's first period

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("januari", "jan", "january"),
            ("februari", "feb", "february", "pebruari"),
            ("maret", "mar", "march"),
            ("april", "apr"),
            ("mei", "may"),
            ("juni", "jun", "june"),
            ("juli", "jul", "july"),
            ("agustus", "agu", "agt", "ags", "august", "aug"),
            ("september", "sep", "sept"),
            ("oktober", "okt", "october", "oct"),
            ("november", "nov", "nopember", "nop"),
            ("desember", "des", "december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_NUMERIC_DATE = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{2}|[0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]00:00(?::00)?)?")
_WORDED_DATE = re.compile(r"([0-9]{1,2})\s+([a-z]+)\.?\s+([0-9]{4})")
_TIME = re.compile(r"([0-9]{1,2})[.:]([0-9]{2})(?:[.:][0-9]{2})?(?:\s*(wib|wita|wit))?")
_DATE_AND_TIME = re.compile(
    r"(.*?[0-9])(?:t|,?\s+(?:(?:pukul|jam|pkl)\.?\s+)?)"
    r"([0-9]{1,2}[.:][0-9]{2}(?:[.:][0-9]{2})?(?:\s*(?:wib|wita|wit))?)"
)
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
_NOT_A_TIME = "bukan jam; tulis jam dan menit, misalnya 19.30"
_TOLERANCE = 0.001  # of a hundredth or a minute: serial numbers are rounded to the millisecond
_SHOWN_DAYS = 1_000_000  # a larger number is quoted as the cell has it
ZONES = {"wib": ZoneInfo("Asia/Jakarta"), "wita": ZoneInfo("Asia/Makassar"), "wit": ZoneInfo("Asia/Jayapura")}


ZonedTime = tuple[time, ZoneInfo]


class DateNotUnderstood(ValueError):
    """The cell is no date or time; the text (Indonesian) completes 'Kolom …: nilai ini'.

    Args:
        explanation: what is wrong and what to write instead.
        quoted: the value to quote where the cell's own would mislead: 19,3 instead of 1900-01-19 07:12.
    """

    def __init__(self, explanation: str, quoted: str | None = None) -> None:
        super().__init__(explanation)
        self.quoted = quoted


def read_date(value: Any, epoch: datetime | None) -> date:
    """Understand a date.

    Args:
        value: a cell: a date, text, or the serial number of a date that lost its format.
        epoch: day zero of the workbook's serial numbers; None in a file that has none (CSV).
    """
    if isinstance(value, datetime):
        return _plausible(value.date())
    if isinstance(value, date):
        return _plausible(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_serial(float(value), epoch)
    if not isinstance(value, str):
        raise DateNotUnderstood("bukan tanggal; tulis tanggal/bulan/tahun, misalnya 24/11/2026")
    text = " ".join(value.split()).casefold()
    if parts := _ISO_DATE.fullmatch(text):
        return _calendar(int(parts[1]), int(parts[2]), int(parts[3]))
    if parts := _NUMERIC_DATE.fullmatch(text):
        if len(parts[3]) == 2:
            raise DateNotUnderstood("bertahun dua angka; tulis tahunnya lengkap, misalnya 24/11/2026")
        return _calendar(int(parts[3]), int(parts[2]), int(parts[1]))
    if parts := _WORDED_DATE.fullmatch(text):
        if parts[2] not in _MONTHS:
            raise DateNotUnderstood(f"bernama bulan '{parts[2]}' yang tidak dikenal; tulis misalnya 24 November 2026")
        return _calendar(int(parts[3]), _MONTHS[parts[2]], int(parts[1]))
    if _SERIAL.fullmatch(text):
        raise DateNotUnderstood("adalah nomor seri Excel; tulis sebagai tanggal, misalnya 24/11/2026")
    raise DateNotUnderstood("bukan tanggal; tulis tanggal/bulan/tahun, misalnya 24/11/2026")


def read_date_and_time(value: Any, epoch: datetime | None, zone: ZoneInfo) -> tuple[date, ZonedTime | None]:
    """Understand a date cell, with the time of day where the cell has one; midnight is no time.

    Args:
        value: a cell, as for `read_date`; as text also `24/11/2026 19.15`.
        epoch: day zero of the workbook's serial numbers; None in a file that has none (CSV).
        zone: the center's.
    """
    moment: ZonedTime | None = None
    if isinstance(value, str) and (parts := _DATE_AND_TIME.fullmatch(" ".join(value.split()).casefold())):
        day, moment = read_date(parts[1], epoch), read_time(parts[2], zone)
    else:
        day = read_date(value, epoch)
        if epoch is not None and isinstance(value, float):
            value = from_excel(value, epoch)
        if isinstance(value, datetime):
            moment = read_time(value, zone)
    return day, moment if moment is not None and moment[0] != time(0, 0) else None


def read_time(value: Any, zone: ZoneInfo, epoch: datetime | None = None) -> ZonedTime:
    """Understand a time of day; the zone is the center's unless the cell names another.

    Where the point is a decimal sign, a typed 19.30 arrives as the number 19.3: 07:12 on a day of January 1900. It is
    refused with the time that was meant.

    Args:
        value: a cell: a time, text, or a fraction of a day.
        zone: the center's.
        epoch: day zero of the workbook's serial numbers.
    """
    days = _days(value, epoch or WINDOWS_EPOCH)
    if days is not None and (not 0 <= days < 1 or _is_typed_number(value, days)):
        raise _number_instead_of_time(days)
    if isinstance(value, datetime):
        return value.time().replace(second=0, microsecond=0), zone
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0, tzinfo=None), zone
    if isinstance(value, timedelta):
        return time(value.seconds // 3600, value.seconds // 60 % 60), zone
    if days is not None:
        minutes = min(round(days * 24 * 60), 24 * 60 - 1)
        return time(minutes // 60, minutes % 60), zone
    if isinstance(value, str) and (parts := _TIME.fullmatch(" ".join(value.split()).casefold())):
        hour, minute = int(parts[1]), int(parts[2])
        if hour < 24 and minute < 60:
            return time(hour, minute), ZONES[parts[3]] if parts[3] else zone
    raise DateNotUnderstood(_NOT_A_TIME)


def _days(value: Any, epoch: datetime) -> float | None:
    """A time cell as the number of days that the workbook stores; None for text and for a date of our time."""
    if isinstance(value, bool) or (isinstance(value, datetime) and value.year >= FIRST_YEAR):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    if isinstance(value, (datetime, time)):
        return float(to_excel(value, epoch))  # type: ignore[no-untyped-call]
    return None


def _is_typed_number(value: Any, days: float) -> bool:
    """Whether a fraction of a day is an hour and minute typed as a number: 00.07 is 0.07 of a day, 01:40:48.

    A time of whole minutes is a time; a bare number of two decimals below 0.60 may be either and is not guessed.
    """
    hundredths = days * 100
    if days == 0 or hundredths >= 60 or abs(hundredths - round(hundredths)) > _TOLERANCE:
        return False
    minutes = days * 24 * 60
    return isinstance(value, float) or abs(minutes - round(minutes)) > _TOLERANCE


def _number_instead_of_time(days: float) -> DateNotUnderstood:
    if not -_SHOWN_DAYS < days < _SHOWN_DAYS:
        return DateNotUnderstood(_NOT_A_TIME)
    quoted = f"{days:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    hour, minute = divmod(round(days * 100), 100)
    if 0 <= hour < 24 and minute < 60 and abs(days * 100 - round(days * 100)) < _TOLERANCE:
        return DateNotUnderstood(
            f"adalah angka, bukan jam; bila yang dimaksud pukul {hour:02}.{minute:02}, ketik {hour:02}:{minute:02} "
            "dengan titik dua, atau atur format sel menjadi Teks lalu ketik dengan titik (misalnya 19.30)",
            quoted,
        )
    return DateNotUnderstood(_NOT_A_TIME, quoted)


def _from_serial(value: float, epoch: datetime | None) -> date:
    if epoch is None or not 0 < value < 100_000:
        raise DateNotUnderstood("bukan tanggal; tulis tanggal/bulan/tahun, misalnya 24/11/2026")
    moment = from_excel(value, epoch)
    if not isinstance(moment, datetime):
        raise DateNotUnderstood("bukan tanggal; tulis tanggal/bulan/tahun, misalnya 24/11/2026")
    return _plausible(moment.date())


def _calendar(year: int, month: int, day: int) -> date:
    try:
        return _plausible(date(year, month, day))
    except ValueError as error:
        if isinstance(error, DateNotUnderstood):
            raise
        hint = "; urutannya tanggal/bulan/tahun" if month > 12 else ""
        raise DateNotUnderstood(f"tidak ada dalam kalender{hint}, misalnya 24/11/2026") from None


def _plausible(day: date) -> date:
    if not FIRST_YEAR <= day.year <= 2100:
        raise DateNotUnderstood(f"bertahun {day.year}; periksa tahunnya (indikator ini mulai Januari {FIRST_YEAR})")
    return day
