"""A center's followers over a month as SVG: axes with dates and counts, gaps left as gaps, rounding as a band."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

from social_metrics.marts.leaderboards import CenterDay
from social_metrics.publish.page import chart, formats
from social_metrics.publish.page.formats import Language

_DAYS_BETWEEN_TICKS = 7


def center_days(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[CenterDay]]:
    """Each center's days out of the daily rows of its accounts.

    A day on which an account was not read has no figure; a count that is withheld is left out of the sum.

    Args:
        rows: of `fct_follower_growth_daily`.

    Returns:
        center → its days in their order.
    """
    by_day: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row["center_code"], row["date_day"]].append(row)
    days: dict[str, list[CenterDay]] = defaultdict(list)
    for (center, day), accounts in sorted(by_day.items()):
        counted = [one for one in accounts if one["followers_count"] is not None]
        is_whole = bool(counted) and all(one["is_captured"] for one in accounts)
        count = sum(one["followers_count"] for one in counted)
        high = count + sum((one["followers_precision_step"] or 1) - 1 for one in counted)
        days[center].append(
            CenterDay(
                center_code=center,
                date_day=date.fromisoformat(day),
                followers_count=count if is_whole else None,
                followers_count_high=high if is_whole else None,
                accounts_captured=len(counted),
                accounts_carried=0,
            )
        )
    return dict(days)


def svg(drawn: chart.Chart, first_day: date, last_day: date, language: Language) -> str:
    """The drawing of a center between two WIB dates.

    Args:
        drawn: its geometry, of `reports.chart.draw`.
        first_day: left edge.
        last_day: right edge.
        language: of dates and numbers.
    """
    bottom, right = chart.HEIGHT - chart.BOTTOM, chart.WIDTH - chart.RIGHT
    parts = []
    for tick in drawn.counts:
        words = formats.number(tick.value, language) if isinstance(tick.value, int) else ""
        parts.append(f'<path d="M{chart.LEFT} {tick.at}H{right}" stroke="#dfe4ea" fill="none"/>')
        parts.append(_words(chart.LEFT - 6, tick.at + 3.5, words, "end"))
    span = max((last_day - first_day).days, 1)
    for number in range(0, span + 1, _DAYS_BETWEEN_TICKS):
        x = round(chart.LEFT + (right - chart.LEFT) * number / span, 1)
        parts.append(f'<path d="M{x} {bottom}v4" stroke="#5a6675" fill="none"/>')
        parts.append(
            _words(x, chart.HEIGHT - 7, formats.short_date(first_day + timedelta(days=number), language), "middle")
        )
    parts.append(f'<path d="M{chart.LEFT} {chart.TOP}V{bottom}H{right}" stroke="#5a6675" fill="none"/>')
    parts += [f'<path d="{band}" fill="#c9d8ea"/>' for band in drawn.bands]
    parts += [f'<path d="{line}" stroke="#1f3a5f" stroke-width="1.6" fill="none"/>' for line in drawn.lines]
    parts += [f'<circle cx="{x}" cy="{y}" r="2" fill="#1f3a5f"/>' for x, y in drawn.points]
    size = f'viewBox="0 0 {chart.WIDTH} {chart.HEIGHT}" width="{chart.WIDTH}" height="{chart.HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def _words(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="Libertinus Serif" font-size="10" fill="#5a6675" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
