"""Numbers, dates and changes in both languages."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from social_metrics.publish.page import formats


@pytest.mark.parametrize(
    ("value", "decimals", "indonesian", "english"),
    [
        (0, 0, "0", "0"),
        (999, 0, "999", "999"),
        (1234.5, 1, "1.234,5", "1,234.5"),
        (-1234567, 0, "−1.234.567", "−1,234,567"),
    ],
)
def test_numbers(value: float, decimals: int, indonesian: str, english: str) -> None:
    assert formats.number(value, "id", decimals) == indonesian
    assert formats.number(value, "en", decimals) == english


@pytest.mark.parametrize(
    ("share", "indonesian"),
    [
        (1, "100%"), (0, "0%"), (0.99999, "99,9%"), (0.9994, "99,9%"), (0.5, "50,0%"), (2 / 3, "66,7%"),
        (174 / 178, "97,8%"), (0.9765, "97,7%"), (0.0005, "0,1%"), (0.00001, "0,0%"),
    ],
)  # fmt: skip
def test_a_share_is_rounded_and_only_the_whole_is_called_100_percent(share: float, indonesian: str) -> None:
    assert formats.percent(share, "id") == indonesian


@pytest.mark.parametrize(
    ("change", "indonesian"),
    [
        ((120, 120, 120, True), "+120"),
        ((0, 0, 0, True), "0"),
        ((-40, -40, -40, True), "−40"),
        ((1200, 1101, 1299, True), "+1.200 ±\u00a099"),
        ((1200, 1101, 2199, True), "+1.200 (+1.101 … +2.199)"),
        ((10, -89, 109, False), None),
        ((None, None, None, None), None),
    ],
)
def test_a_change_carries_its_doubt(
    change: tuple[int | None, int | None, int | None, bool | None], indonesian: str | None
) -> None:
    assert formats.change(*change, "id") == indonesian


def test_dates_and_times_are_local_and_carry_their_zone() -> None:
    instant = datetime(2024, 1, 31, 16, 30, tzinfo=UTC)
    assert formats.long_date(date(2024, 1, 31), "id") == "31 Januari 2024"
    assert formats.long_date(date(2024, 5, 1), "en") == "1 May 2024"
    assert formats.short_date(date(2024, 8, 1), "id") == "1 Agu"
    assert formats.long_time(instant, ZoneInfo("Asia/Jayapura"), "WIT", "id") == "1 Februari 2024, 01.30\u00a0WIT"
    assert formats.long_time(instant, ZoneInfo("Asia/Jakarta"), "WIB", "en") == "31 January 2024, 23:30\u00a0WIB"


def test_a_rank_may_be_a_range() -> None:
    assert formats.rank(1, 1) == "1"
    assert formats.rank(3, 4) == "3–4"
