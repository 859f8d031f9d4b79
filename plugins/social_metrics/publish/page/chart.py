"""The chart of a center's followers over time, as SVG for the page and for reports.

A day without a complete figure is a gap: lines join only consecutive days of the same number of accounts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

from social_metrics.marts.leaderboards import CenterDay
from social_metrics.publish.page import formats
from social_metrics.publish.page.formats import Language

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 8, 24
FEWEST_TICKS = 2
HEADROOM = 0.08
DAYS_OF_A_WEEKLY_AXIS = 45  # a longer axis has the starts of months
FLAT_HALF_RANGE = 5  # followers shown above and below a line that does not move


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its position and its value, a count or a date."""

    at: float
    value: int | date


@dataclass(frozen=True, slots=True)
class Chart:
    """One center's chart, in units of the viewBox.

    Attributes:
        lines: SVG paths, one per unbroken run of days.
        bands: SVG paths from the lines of rounded counts to the greatest counts that they may mean.
        points: single days between two gaps.
        first: the earliest day with a complete figure.
        last: the latest one.
        gap_days: days between the two without a complete figure.
    """

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    counts: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    first: CenterDay
    last: CenterDay
    gap_days: int


def draw(days: Sequence[CenterDay], first_day: date, last_day: date) -> Chart | None:
    """The chart of one center between two WIB dates; None when no day has a complete figure.

    Args:
        days: the center's days in ascending order; missing days are gaps.
        first_day: left edge.
        last_day: right edge.
    """
    known = [day for day in days if is_complete(day)]
    if not known:
        return None
    counts = [count for day in known for count in _bounds(day)]
    low, high = _range(min(counts), max(counts))
    span = max((last_day - first_day).days, 1)

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - first_day).days / span, 1)

    def y(count: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - count) / (high - low), 1)

    lines, bands, points = [], [], []
    for run in _runs(known):
        shown = [(x(day.date_day), y(_bounds(day)[0])) for day in run]
        if len(run) == 1:
            points.append(shown[0])
        else:
            lines.append(_path(shown))
        if any(top > bottom for bottom, top in map(_bounds, run)):
            # Platforms round down: the true count lies between the line and the band's upper edge.
            upper = [(x(day.date_day), y(_bounds(day)[1])) for day in run]
            bands.append(_path(shown + upper[::-1]) + "Z")
    length = (known[-1].date_day - known[0].date_day).days + 1
    return Chart(
        lines=tuple(lines),
        bands=tuple(bands),
        points=tuple(points),
        counts=tuple(Tick(y(count), count) for count in _round_counts(low, high)),
        dates=tuple(Tick(x(day), day) for day in _date_ticks(first_day, last_day)),
        first=known[0],
        last=known[-1],
        gap_days=length - len(known),
    )


def svg(drawn: Chart, languages: Sequence[Language], title_id: str = "") -> str:
    """The drawing as SVG: its own colours for print, classes for the style of the page.

    Args:
        drawn: result of `draw`.
        languages: of numbers and dates; with both, the page shows one of them.
        title_id: id of the element that names the drawing on a page.
    """
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for tick in drawn.counts:
        parts.append(f'<path class="grid" d="M{LEFT} {tick.at}H{right}" stroke="#dfe4ea" fill="none"/>')
        parts += _labels(tick, LEFT - 6, tick.at + 3.5, "end", languages)
    for tick in drawn.dates:
        parts.append(f'<path class="tick" d="M{tick.at} {bottom}v4" stroke="#5a6675" fill="none"/>')
        parts += _labels(tick, tick.at, HEIGHT - 6, "middle", languages)
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}" stroke="#5a6675" fill="none"/>')
    parts += [f'<path class="doubt" d="{band}" fill="#c9d8ea"/>' for band in drawn.bands]
    parts += [
        f'<path class="line" d="{line}" stroke="#1f3a5f" stroke-width="1.6" fill="none"/>' for line in drawn.lines
    ]
    parts += [f'<circle class="point" cx="{x}" cy="{y}" r="2" fill="#1f3a5f"/>' for x, y in drawn.points]
    named = f' role="img" aria-labelledby="{escape(title_id)}"' if title_id else ""
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}{named}>{"".join(parts)}</svg>'


def _labels(tick: Tick, x: float, y: float, anchor: str, languages: Sequence[Language]) -> list[str]:
    look = 'font-family="Libertinus Serif" font-size="10" fill="#5a6675"'
    return [
        f'<text class="{language}" x="{x}" y="{y}" {look} text-anchor="{anchor}">{_words(tick.value, language)}</text>'
        for language in languages
    ]


def _words(value: int | date, language: Language) -> str:
    return formats.number(value, language) if isinstance(value, int) else formats.short_date(value, language)


def is_complete(day: CenterDay) -> bool:
    """Whether every account that counts was read on the day itself; a carried count is not drawn."""
    return day.followers_count is not None and day.accounts_carried == 0


def _bounds(day: CenterDay) -> tuple[int, int]:
    count = day.followers_count or 0
    return count, max(day.followers_count_high or count, count)


def _runs(days: Sequence[CenterDay]) -> list[list[CenterDay]]:
    """Consecutive days of the same number of accounts: a new account is a jump, not growth."""
    runs = [[days[0]]]
    for before, day in pairwise(days):
        joined = day.date_day - before.date_day == timedelta(days=1)
        if joined and day.accounts_captured == before.accounts_captured:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _range(low: int, high: int) -> tuple[float, float]:
    if low == high:
        return low - FLAT_HALF_RANGE, high + FLAT_HALF_RANGE
    margin = (high - low) * HEADROOM
    return max(low - margin, 0), high + margin


def _round_counts(low: float, high: float) -> list[int]:
    """Two to five round counts within the range, for the labels of the axis."""
    magnitude = 10 ** floor(log10(max(high - low, 1)))
    steps = [step for step in (5 * magnitude, 2 * magnitude, magnitude, magnitude // 2, magnitude // 5) if step]
    for step in (*steps, 1):
        counts = list(range(ceil(low / step) * step, floor(high) + 1, step))
        if len(counts) >= FEWEST_TICKS:
            break
    return counts


def _date_ticks(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    if len(days) <= DAYS_OF_A_WEEKLY_AXIS:
        return days[::7]
    starts = [day for day in days if day.day == 1]
    return starts or [first]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{across:g} {down:g}" for across, down in points)
