"""The day's budget of one platform: it stops before it is passed, not after."""

import threading
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from social_metrics.api_client import Cost
from social_metrics.contract import Outcome
from social_metrics.readings import CaptureFailure
from social_metrics.registry import Platform


class DailyBudget:
    """Counts what is reserved and spent against the platform's daily limits; safe from several threads.

    Args:
        platform: its line in platforms.csv; a blank limit does not limit.
        calls, quota_units, usd: already spent in this budget day, from the ledger.
    """

    def __init__(self, platform: Platform, calls: int = 0, quota_units: int = 0, usd: Decimal = Decimal(0)) -> None:
        self._platform = platform
        self._calls, self._quota_units, self._usd = calls, quota_units, usd
        self._lock = threading.Lock()

    def reserve(self, expected: Cost) -> None:
        """Set an expected cost aside.

        Raises:
            CaptureFailure: `budget_exhausted` when the call would pass a limit.
        """
        with self._lock:
            for spent, wanted, limit, unit in (
                (self._calls, expected.calls, self._platform.daily_call_limit, "calls"),
                (self._quota_units, expected.quota_units, self._platform.daily_quota_limit, "quota units"),
                (self._usd, expected.usd, self._platform.daily_usd_limit, "US$"),
            ):
                if limit is not None and spent + wanted > limit:
                    raise CaptureFailure(
                        Outcome.BUDGET_EXHAUSTED,
                        f"the day's budget of {limit} {unit} for {self._platform.platform_label} would be passed "
                        f"({spent} spent, {wanted} needed)",
                        for_all=True,
                    )
            self._add(expected, 1)

    def settle(self, expected: Cost, actual: Cost) -> None:
        """Replace a reservation by the real cost."""
        with self._lock:
            self._add(expected, -1)
            self._add(actual, 1)

    def _add(self, cost: Cost, sign: int) -> None:
        self._calls += sign * cost.calls
        self._quota_units += sign * cost.quota_units
        self._usd += sign * cost.usd


def budget_day_start(platform: Platform, now: datetime) -> datetime:
    """The instant at which the platform's current budget day began, in its own zone (X bills by UTC day)."""
    local = now.astimezone(ZoneInfo(platform.quota_day_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
