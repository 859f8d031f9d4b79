"""The drawing: gaps stay gaps, rounding is a band, nothing is joined that was not read."""

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from social_metrics.marts.leaderboards import CenterDay
from social_metrics.publish.page.chart import HEIGHT, LEFT, WIDTH, Chart, draw

FIRST, LAST = date(2024, 1, 1), date(2024, 1, 31)


def day(offset: int, count: int | None, high: int | None = None, accounts: int = 3, carried: int = 0) -> CenterDay:
    """A day of one center; exact unless an upper bound is given."""
    return CenterDay("kartini", FIRST + timedelta(days=offset), count, high or count, accounts, carried)


def drawn(*days: CenterDay) -> Chart:
    drawing = draw(days, FIRST, LAST)
    assert drawing is not None
    return drawing


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_a_missing_day_breaks_the_line() -> None:
    drawing = drawn(day(0, 100), day(1, 110), day(3, 130), day(4, 140))
    assert [len(corners(line)) for line in drawing.lines] == [2, 2]
    assert drawing.gap_days == 1


def test_a_day_without_a_number_and_a_carried_day_are_gaps_too() -> None:
    drawing = drawn(day(0, 100), day(1, 110), day(2, None), day(3, 130, carried=1), day(4, 140))
    assert [len(corners(line)) for line in drawing.lines] == [2]
    assert len(drawing.points) == 1
    assert drawing.gap_days == 2
    assert (drawing.first.followers_count, drawing.last.followers_count) == (100, 140)


def test_a_new_account_is_no_growth() -> None:
    drawing = drawn(day(0, 100), day(1, 110), day(2, 9000, accounts=4), day(3, 9010, accounts=4))
    assert len(drawing.lines) == 2


def test_rounding_is_a_band_above_the_line() -> None:
    exact, rounded = drawn(day(0, 100), day(1, 110)), drawn(day(0, 1200, 1299), day(1, 1300, 1399))
    assert exact.bands == ()
    (band,), (line,) = rounded.bands, rounded.lines
    assert corners(band)[:2] == corners(line)
    assert all(top < bottom for (_, bottom), (_, top) in zip(corners(line), corners(band)[::-1], strict=False))


def test_nothing_known_is_nothing_drawn() -> None:
    assert draw([], FIRST, LAST) is None
    assert draw([day(0, None), day(1, 5, carried=1)], FIRST, LAST) is None


@given(st.lists(st.tuples(st.integers(0, 3_000_000), st.sampled_from([1, 10, 100, 1000])), min_size=1, max_size=31))
def test_every_mark_is_inside_and_every_tick_is_a_whole_count(counts: list[tuple[int, int]]) -> None:
    days = [day(offset, count, count + step - 1) for offset, (count, step) in enumerate(counts)]
    drawing = drawn(*days)
    for path in (*drawing.lines, *drawing.bands):
        assert all(LEFT <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners(path))
    assert 2 <= len(drawing.counts) <= 5
    assert [tick.value for tick in drawing.counts] == sorted({tick.value for tick in drawing.counts})
    heights = [tick.at for tick in drawing.counts]
    assert heights == sorted(heights, reverse=True)
