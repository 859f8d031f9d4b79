"""Parses dates and times as officers and spreadsheets write them: 24/11/2026, 24 November 2026, a serial number."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl.utils.datetime import from_excel

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
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
ZONES = {"wib": ZoneInfo("Asia/Jakarta"), "wita": ZoneInfo("Asia/Makassar"), "wit": ZoneInfo("Asia/Jayapura")}


class DateNotUnderstood(ValueError):
    """The cell is no date or time; the text (Indonesian) completes 'Kolom …: nilai ini'."""


def read_date(value: Any, epoch: datetime | None) -> date:
    """Understand a date.

    Args:
        value: a cell: a date, text, or the serial number of a date that lost its format.
        epoch: day zero of the workbook's serial numbers; None in a file that has none (CSV).

    Raises:
        DateNotUnderstood: with what to write instead.
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


def read_time(value: Any, zone: ZoneInfo) -> tuple[time, ZoneInfo]:
    """Understand a time of day; the zone is the center's unless the cell names another.

    Raises:
        DateNotUnderstood: with what to write instead.
    """
    if isinstance(value, datetime):
        return value.time().replace(second=0, microsecond=0), zone
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0, tzinfo=None), zone
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
        return time(value.seconds // 3600, value.seconds // 60 % 60), zone
    if isinstance(value, float) and 0 < value < 1:
        minutes = min(round(value * 24 * 60), 24 * 60 - 1)
        return time(minutes // 60, minutes % 60), zone
    if isinstance(value, str) and (parts := _TIME.fullmatch(" ".join(value.split()).casefold())):
        hour, minute = int(parts[1]), int(parts[2])
        if hour < 24 and minute < 60:
            return time(hour, minute), ZONES[parts[3]] if parts[3] else zone
    raise DateNotUnderstood("bukan jam; tulis jam dan menit, misalnya 19.30")


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
