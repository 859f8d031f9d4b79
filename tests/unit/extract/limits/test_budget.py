"""Budgets of a day and a month: no call exceeds one, a month's end is forecast, rereading shrinks with what is left."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.replies import Cost
from social_metrics.extract.limits.budget import (
    Budget,
    Budgets,
    affordable_rereads,
    budget_day_start,
    budget_month_start,
    month_forecast,
)
from social_metrics.extract.limits.spend_limits import CredentialLimits
from social_metrics.registry.registry import Platform, load_registry
from social_metrics.settings import DEFAULT_REGISTRY

TENTH = datetime(2026, 11, 11, tzinfo=UTC)  # ten of November's thirty days are over
DAY_ENDS = datetime(2026, 11, 12, tzinfo=UTC)


@pytest.fixture
def x() -> Platform:
    return replace(load_registry(DEFAULT_REGISTRY).platforms["x"], monthly_usd_limit=Decimal("30.00"))


def cost(usd: str) -> Cost:
    return Cost(calls=1, usd=Decimal(usd))


def test_the_month_stops_before_it_is_passed_and_a_reservation_counts(x: Platform) -> None:
    budget = Budget(x, "X", month_usd=Decimal("29.00"))
    budget.reserve(cost("0.60"))
    with pytest.raises(CaptureFailure, match=r"the month's budget of 30.00 US\$ for X would be exceeded \(29.60 spent"):
        budget.reserve(cost("0.50"))
    budget.settle(cost("0.60"), cost("0.10"))
    budget.reserve(cost("0.90"))
    with pytest.raises(CaptureFailure):
        budget.reserve(cost("0.01"))


def test_the_day_says_when_it_ends(x: Platform) -> None:
    budget = Budget(x, "X", usd=Decimal("4.99"), day_ends=DAY_ENDS)
    with pytest.raises(CaptureFailure, match=r"the day's budget of 5\.00") as refused:
        budget.reserve(cost("0.02"))
    assert refused.value.retry_at == DAY_ENDS


def test_the_months_end_is_forecast_from_what_is_over(x: Platform) -> None:
    assert month_forecast(x, Decimal("8.00"), TENTH) == Decimal("24.00")
    assert month_forecast(x, Decimal("8.00"), TENTH.replace(day=3)) is None
    assert budget_month_start(x, TENTH) == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("platform", "now", "began"),
    [
        ("x", datetime(2026, 11, 20, 23, 59, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),  # 06:59 WIB
        ("x", datetime(2026, 11, 21, 0, 0, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),  # 07:00 WIB: X's new day
        ("x", datetime(2026, 12, 1, 0, 0, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
        ("youtube", datetime(2026, 11, 20, 7, 59, tzinfo=UTC), datetime(2026, 11, 19, 8, tzinfo=UTC)),  # PST
        ("youtube", datetime(2026, 11, 20, 8, 0, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("youtube", datetime(2026, 7, 1, 7, 0, tzinfo=UTC), datetime(2026, 7, 1, 7, tzinfo=UTC)),  # PDT
    ],
)
def test_a_budget_day_is_the_platforms_own(platform: str, now: datetime, began: datetime) -> None:
    assert budget_day_start(load_registry(DEFAULT_REGISTRY).platforms[platform], now) == began


@pytest.mark.parametrize(
    ("spent", "ages"),
    [("10.00", (1, 3, 7, 30)), ("10.01", (1, 3, 7)), ("20.00", (1, 3)), ("29.99", (1,)), ("30.00", ()), ("99", ())],
)
def test_rereading_shrinks_with_the_money_oldest_first(x: Platform, spent: str, ages: tuple[int, ...]) -> None:
    assert affordable_rereads(x, Decimal(spent), TENTH, Decimal("30.00")) == ages


def test_the_smaller_of_platform_and_credential_budget_stops_first(x: Platform) -> None:
    of_platform = Budget(x, "X", calls=10)
    of_credential = Budget(CredentialLimits(daily_call_limit=3), "the credential b of X")
    both = Budgets(of_platform, of_credential)
    for _ in range(3):
        both.reserve(Cost(calls=1))
    with pytest.raises(CaptureFailure, match=r"the day's budget of 3 calls for the credential b of X .*3 spent, 1 nee"):
        both.reserve(Cost(calls=1))
    assert of_platform._calls == 13, "what one of them refuses is set aside in none"
    both.settle(Cost(calls=1), Cost(calls=0))
    both.reserve(Cost(calls=1))


@pytest.mark.parametrize("value", ["many", "-1", True, "NaN", "inf", "1.5", 0, [], {"a": 1}])
def test_a_limit_that_limits_nothing_is_named(value: object) -> None:
    with pytest.raises(UsageProblem, match=r"social_metrics_x: daily_call_limit is .*leave it out"):
        PlatformConnection.from_parts("x", "api.x.com", None, "s", {"daily_call_limit": value})


def test_limits_are_read_from_a_form_or_from_json() -> None:
    told = {"daily_call_limit": "90", "daily_quota_limit": 3000, "daily_usd_limit": 1.5, "monthly_usd_limit": "20.00"}
    limits = PlatformConnection.from_parts("x", "api.x.com", None, "s", told).limits
    assert limits == CredentialLimits(90, 3000, Decimal("1.5"), Decimal("20.00"))
    assert not PlatformConnection.from_parts("x", "api.x.com", None, "s", {"daily_call_limit": ""}).limits
