"""The days of a center's chart out of the stored daily rows of its accounts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from social_metrics.marts.leaderboards import CenterDay


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
