"""A count as a page shows it becomes one number and its step, or a sentence; never a guess."""

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.intake.displayed_count import LARGEST, CountNotUnderstood, DisplayedCount, read_count

UNDERSTOOD = [
    ("0", 0, 1),
    ("345", 345, 1),
    ("12345", 12_345, 1),
    ("1.234", 1_234, 1),
    ("1,234", 1_234, 1),
    ("12.345", 12_345, 1),
    ("1.234.567", 1_234_567, 1),
    ("1'234", 1_234, 1),
    ("12 345", 12_345, 1),
    ("12,3 rb", 12_300, 100),
    ("12.3 rb", 12_300, 100),
    ("12,3rb", 12_300, 100),
    ("12,34 rb", 12_340, 10),
    ("12 rb", 12_000, 1_000),
    ("12.3K", 12_300, 100),
    ("12 ribu", 12_000, 1_000),
    ("1,2 jt", 1_200_000, 100_000),
    ("1,25 juta", 1_250_000, 10_000),
    ("12,3 rb pengikut", 12_300, 100),
    ("1.234 followers", 1_234, 1),
    ("12,3\u00a0rb", 12_300, 100),
    ("１２,３ rb", 12_300, 100),  # full-width digits of a phone keyboard
    (12_345, 12_345, 1),
    (12_345.0, 12_345, 1),
]
REFUSED = [
    ("1.2", "satuannya"),
    ("12,3", "satuannya"),
    ("1.23", "satuannya"),
    ("1.234 rb", "bukan jumlah pengikut"),
    ("1.234,56", "bukan jumlah pengikut"),
    ("1.234,567", "bukan jumlah pengikut"),
    ("1,2 M", "juta atau miliar"),
    ("12 xyz", "tidak dikenal"),
    ("-5", "negatif"),
    ("1,2E+06", "bukan jumlah pengikut"),
    ("sekitar 12 rb", "bukan jumlah pengikut"),
    ("007", "nol"),
    ("0.123", "nol"),
    ("٣٤٥", "bukan jumlah pengikut"),
    ("9" * 400, "terlalu besar"),
    ("99999999999", "terlalu besar"),
    (1.234, "pecahan"),
    (-5, "negatif"),
    (True, "bukan angka"),
    (date(2026, 12, 3), "tanggal"),
    (time(12, 3), "tanggal"),
]


@pytest.mark.parametrize(("shown", "count", "step"), UNDERSTOOD)
def test_a_count_is_understood_with_its_step(shown: Any, count: int, step: int) -> None:
    assert read_count(shown) == DisplayedCount(count, step)


@pytest.mark.parametrize("shown", ["tersembunyi", "Disembunyikan", "HIDDEN"])
def test_a_hidden_count_is_no_number(shown: str) -> None:
    assert read_count(shown) == DisplayedCount(None, None)


@pytest.mark.parametrize(("shown", "reason"), REFUSED)
def test_what_has_two_readings_or_none_is_refused_with_a_remedy(shown: Any, reason: str) -> None:
    with pytest.raises(CountNotUnderstood, match=reason):
        read_count(shown)


@given(st.integers(0, LARGEST), st.sampled_from([".", ",", " ", "'"]))
def test_grouped_digits_are_the_number(count: int, mark: str) -> None:
    assert read_count(f"{count:,}".replace(",", mark)) == DisplayedCount(count, 1)


@given(st.integers(1, 9_999), st.integers(0, 2), st.sampled_from([("rb", 1_000), ("jt", 1_000_000)]))
def test_a_shortened_count_holds_the_true_one(tenths: int, decimals: int, unit: tuple[str, int]) -> None:
    """Whatever the page cut off lies within the step."""
    word, size = unit
    step = size // 10**decimals
    true = tenths * step + step // 2
    whole, fraction = divmod(tenths, 10**decimals)
    shown = f"{whole},{fraction:0{decimals}d} {word}" if decimals else f"{whole} {word}"
    found = read_count(shown)
    assert found.count is not None
    assert found.precision_step == step
    assert found.count <= true < found.count + step


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.dates(), st.times()))
def test_anything_else_is_a_number_or_a_sentence(value: Any) -> None:
    try:
        found = read_count(value)
    except CountNotUnderstood:
        return  # with a sentence, as the cases above show
    assert found.count is None or 0 <= found.count <= LARGEST
