"""The budgets of a platform and of a credential, and which re-reads they can still afford."""

import calendar
import math
import threading
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg

from social_metrics.contract import Outcome
from social_metrics.extract import state
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.replies import Cost
from social_metrics.extract.limits.spend_limits import Limits
from social_metrics.registry.registry import Platform

FORECAST_NEEDS = timedelta(days=3)
"""Elapsed part of a month before its end is forecast: the first run reads back 35 days and would distort it."""


class Budget:
    """Counts reserved and spent costs against limits of day and month; thread-safe.

    Args:
        limits: a platform's row in platforms.csv, or those of one credential.
        whose: the owner of the limits, for messages.
        calls, quota_units, usd: already spent in this budget day, from the ledger.
        month_usd: already spent in this month of the budget's zone, from the ledger.
        day_ends: the end of the budget day (UTC instant), for the time of a retry.
    """

    def __init__(
        self,
        limits: Limits,
        whose: str,
        calls: int = 0,
        quota_units: int = 0,
        usd: Decimal = Decimal(0),
        month_usd: Decimal = Decimal(0),
        day_ends: datetime | None = None,
    ) -> None:
        self._limits = limits
        self._whose = whose
        self._calls, self._quota_units, self._usd, self._month_usd = calls, quota_units, usd, month_usd
        self._day_ends = day_ends
        self._lock = threading.Lock()

    def reserve(self, expected: Cost) -> None:
        """Reserve an expected cost.

        Raises:
            CaptureFailure: `budget_exhausted` when the call would exceed a limit.
        """
        limits = self._limits
        with self._lock:
            for period, spent, wanted, limit, unit in (
                ("day", self._calls, expected.calls, limits.daily_call_limit, "calls"),
                ("day", self._quota_units, expected.quota_units, limits.daily_quota_limit, "quota units"),
                ("day", self._usd, expected.usd, limits.daily_usd_limit, "US$"),
                ("month", self._month_usd, expected.usd, limits.monthly_usd_limit, "US$"),
            ):
                if limit is not None and spent + wanted > limit:
                    raise CaptureFailure(
                        Outcome.BUDGET_EXHAUSTED,
                        f"the {period}'s budget of {limit} {unit} for {self._whose} would be exceeded "
                        f"({spent} spent, {wanted} needed)",
                        retry_at=self._day_ends if period == "day" else None,
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
        self._month_usd += sign * cost.usd


class Budgets:
    """Several budgets that all have to cover a call: the platform's, and the credential's share of it."""

    def __init__(self, *budgets: Budget) -> None:
        self._budgets = budgets

    def reserve(self, expected: Cost) -> None:
        """Reserve an expected cost in all of them, or in none.

        Raises:
            CaptureFailure: `budget_exhausted` when the call would exceed a limit.
        """
        for place, budget in enumerate(self._budgets):
            try:
                budget.reserve(expected)
            except CaptureFailure:
                for earlier in self._budgets[:place]:
                    earlier.settle(expected, Cost(calls=0))
                raise

    def settle(self, expected: Cost, actual: Cost) -> None:
        """Replace a reservation by the real cost."""
        for budget in self._budgets:
            budget.settle(expected, actual)


def budget_day_start(platform: Platform, now: datetime) -> datetime:
    """The instant at which the platform's current budget day began, in its own zone (X bills by UTC day)."""
    local = now.astimezone(ZoneInfo(platform.quota_day_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def budget_month_start(platform: Platform, now: datetime) -> datetime:
    """The instant at which the current month began in the zone of the platform's budget day."""
    return budget_day_start(platform, now).replace(day=1)


def month_forecast(platform: Platform, spent: Decimal, now: datetime) -> Decimal | None:
    """US$ at the end of this month at the present rate; None while too little of the month has elapsed."""
    start = budget_month_start(platform, now)
    elapsed = now - start
    if elapsed < FORECAST_NEEDS:
        return None
    days = calendar.monthrange(start.year, start.month)[1]
    return (spent * days / Decimal(elapsed / timedelta(days=1))).quantize(Decimal("0.01"))


def affordable_rereads(platform: Platform, spent: Decimal, now: datetime, limit: Decimal) -> tuple[int, ...]:
    """The ages (days) at which posts are read again within the month's budget.

    Followers and new posts come first. When the forecast exceeds the month's limit, the oldest ages are left out in
    proportion; a month whose budget is spent has none.

    Args:
        platform: its ages, and the zone of its month.
        spent: US$ of this month, of the platform or of the credential that `limit` belongs to.
        now: UTC instant.
        limit: US$ per month.
    """
    ages = platform.reread_age_days
    if spent >= limit:
        return ()
    forecast = month_forecast(platform, spent, now)
    if forecast is None or forecast <= limit:
        return ages
    return ages[: math.floor(len(ages) * limit / forecast)]


def budgets_of(
    platform: Platform, connection: PlatformConnection, warehouse: psycopg.Connection, now: datetime
) -> Budgets:
    """The platform's budget, and the credential's where its connection limits it, with the costs so far."""
    day, month = budget_day_start(platform, now), budget_month_start(platform, now)

    def budget(limits: Limits, whose: str, credential: str | None) -> Budget:
        spent = state.spent_since(warehouse, platform.platform, day, credential)
        month_usd = state.spent_since(warehouse, platform.platform, month, credential).usd
        return Budget(limits, whose, spent.calls, spent.quota_units, spent.usd, month_usd, day + timedelta(days=1))

    budgets = [budget(platform, platform.platform_label, None)]
    if connection.limits:
        name = connection.credential_name
        budgets.append(budget(connection.limits, f"the credential {name} of {platform.platform_label}", name))
    return Budgets(*budgets)


def affordable_ages(
    platform: Platform, connection: PlatformConnection, warehouse: psycopg.Connection, now: datetime
) -> tuple[int, ...]:
    """The ages at which posts are read again within the budgets of the platform and of the credential."""
    month = budget_month_start(platform, now)
    ages = platform.reread_age_days
    for limit, credential in (
        (platform.monthly_usd_limit, None),
        (connection.limits.monthly_usd_limit, connection.credential_name),
    ):
        if ages and limit is not None:
            spent = state.spent_since(warehouse, platform.platform, month, credential).usd
            ages = min(ages, affordable_rereads(platform, spent, now, limit), key=len)
    return ages
