"""A refusal of our credential concerns every account, ends the calls, and names the step that fixes it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.registry.registry import Registry
from tests.support.capture import Capture
from tests.support.simulator import RUN_START, RunningSimulator
from tests.support.warehouse import rows_of

RENEW = "Renew the credential, then run `social-metrics capture --missing` before midnight WIB."
REQUEST = "Request the missing permission, then run `social-metrics capture --missing`."
WAIT = "Wait for the quota to reset; if that is after midnight WIB, enter the count by hand."
RETRY = "The next retry run reads it again."


@pytest.mark.parametrize(
    ("platform", "kind", "variant", "outcome", "next_step"),
    [
        ("facebook", "permission_missing", "reviewable_feature", "permission_missing", REQUEST),
        ("facebook", "unauthorized", "wrong_proof", "token_expired", RENEW),
        ("facebook", "token_expired", "password_changed", "token_expired", RENEW),
        ("facebook", "token_expired", "no_role", "token_expired", RENEW),
        ("instagram", "login_unusable", "missing", "token_expired", RENEW),
        ("youtube", "quota_exhausted", "429", "quota_exhausted", WAIT),
        ("x", "usage_cap", "untyped_403", "quota_exhausted", WAIT),
        ("x", "rate_limited", "no_reset", "rate_limited", RETRY),
        ("x", "rate_limited", "past_reset", "rate_limited", RETRY),
    ],
)
def test_a_refusal_for_all_ends_the_calls(
    capture: Capture,
    simulator: RunningSimulator,
    registry: Registry,
    warehouse_url: str,
    platform: str,
    kind: str,
    variant: str,
    outcome: str,
    next_step: str,
) -> None:
    simulator.fault(platform, kind, variant=variant)
    report = capture(platform)
    assert set(report.outcomes) == {outcome}
    assert report.outcomes[outcome] >= 20
    assert report.calls <= registry.platforms[platform].max_in_flight, "calls already in flight may end"
    steps = rows_of(warehouse_url, "select distinct outcome, next_step from raw.capture_outcomes")
    assert steps == [(outcome, next_step)]
    assert capture(platform).calls == 0, "a second run at once does not ask again"


def test_a_new_app_secret_closes_the_circuit_breaker(capture: Capture, simulator: RunningSimulator) -> None:
    connection = platform_connection("facebook")
    wrong = replace(connection, extra={**connection.extra, "app_secret": "of-another-app"})
    right = replace(connection, extra={**connection.extra, "app_secret": "secret-of-the-demo-app"})
    simulator.admin("PUT", "options", {"app_secret": "secret-of-the-demo-app"})
    try:
        assert set(capture("facebook", connection=wrong).outcomes) == {"token_expired"}
        assert capture("facebook", connection=wrong).calls == 0
        simulator.set_clock(RUN_START + timedelta(minutes=1))
        read = capture("facebook", connection=right)
        assert read.outcomes.get("captured", 0) >= 20, read
    finally:
        simulator.admin("PUT", "options", {"app_secret": None})


def test_the_page_of_a_proxy_blocks_no_credential(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("facebook", "html_instead_of_json", status=403)
    assert set(capture("facebook").outcomes) == {"platform_unavailable"}
    assert rows_of(warehouse_url, "select count(*) from ops.circuit_breakers where credential <> ''") == [(0,)]
    simulator.clear_faults()
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    assert capture("facebook").outcomes["captured"] >= 20


def test_a_limit_without_an_end_is_over_at_the_next_retry_run(capture: Capture, simulator: RunningSimulator) -> None:
    simulator.fault("x", "rate_limited", variant="no_reset")
    assert set(capture("x").outcomes) == {"rate_limited"}
    simulator.clear_faults()
    simulator.set_clock(RUN_START + timedelta(minutes=14))
    assert capture("x").calls == 0
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    assert capture("x").outcomes["captured"] >= 20


def test_a_daily_limit_in_a_429_lasts_until_midnight_pacific_time(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("youtube", "quota_exhausted", variant="429")
    capture("youtube")
    (ends,) = rows_of(
        warehouse_url, "select distinct retry_at at time zone 'America/Los_Angeles' from raw.capture_outcomes"
    )
    assert ends[0].isoformat() == "2026-11-21T00:00:00"
