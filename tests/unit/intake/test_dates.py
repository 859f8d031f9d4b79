"""Dates and times as officers write them and as spreadsheets spoil them."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, to_excel

from social_metrics.intake.dates import DateNotUnderstood, read_date, read_time

DAY = date(2026, 11, 24)
WITA = ZoneInfo("Asia/Makassar")


@pytest.mark.parametrize(
    "written",
    [
        "24/11/2026",
        "24-11-2026",
        "24.11.2026",
        "2026-11-24",
        "2026-11-24 00:00:00",
        "24 November 2026",
        "24  nov 2026",
        "24 Nopember 2026",
        datetime(2026, 11, 24),  # noqa: DTZ001  a cell knows no zone
        DAY,
    ],
)
def test_a_date_is_understood(written: Any) -> None:
    assert read_date(written, None) == DAY


@pytest.mark.parametrize("epoch", [WINDOWS_EPOCH, MAC_EPOCH])
def test_a_serial_number_is_the_date_that_its_workbook_means(epoch: datetime) -> None:
    assert read_date(int(to_excel(DAY, epoch)), epoch) == DAY


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("46350", "nomor seri Excel"),
        (46350, "bukan tanggal"),  # in a file without serial numbers
        ("11/24/2026", "urutannya tanggal/bulan/tahun"),
        ("31/02/2026", "tidak ada dalam kalender"),
        ("24/11/26", "tahunnya lengkap"),
        ("24/11/2006", "periksa tahunnya"),
        ("24 Foo 2026", "nama"),
        ("kemarin", "bukan tanggal"),
        (True, "bukan tanggal"),
        (time(1, 2), "bukan tanggal"),
    ],
)
def test_no_date_is_guessed(written: Any, reason: str) -> None:
    with pytest.raises(DateNotUnderstood, match=reason):
        read_date(written, None)


@pytest.mark.parametrize("serial", [-1, 0, 1e300, 99_999_999, float("nan")])
def test_an_impossible_serial_number_is_refused(serial: float) -> None:
    with pytest.raises(DateNotUnderstood):
        read_date(serial, WINDOWS_EPOCH)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("19.30", (time(19, 30), WITA)),
        ("19:30", (time(19, 30), WITA)),
        ("19:30:59", (time(19, 30), WITA)),
        ("7.05 WIB", (time(7, 5), ZoneInfo("Asia/Jakarta"))),
        ("19.30 wit", (time(19, 30), ZoneInfo("Asia/Jayapura"))),
        (time(19, 30, 5), (time(19, 30), WITA)),
        (datetime(2026, 11, 24, 19, 30), (time(19, 30), WITA)),  # noqa: DTZ001
        (timedelta(hours=19, minutes=30), (time(19, 30), WITA)),
        (0.8125, (time(19, 30), WITA)),
    ],
)
def test_a_time_is_understood_in_the_center_s_zone_or_the_one_it_names(written: Any, expected: Any) -> None:
    assert read_time(written, WITA) == expected


@pytest.mark.parametrize("written", ["25.00", "19", "sore", 19.3, True, -0.5, timedelta(days=2), "19.75"])
def test_no_time_is_guessed(written: Any) -> None:
    with pytest.raises(DateNotUnderstood, match=r"misalnya 19\.30"):
        read_time(written, WITA)
