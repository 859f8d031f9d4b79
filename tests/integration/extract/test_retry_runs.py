"""Capture that does not give up while the day lasts: what settles, what waits, what opens and closes a breaker."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import psycopg
import pytest
import requests
from cryptography.fernet import Fernet

from local_stack.history import authorise_demo_accounts
from social_metrics.clock import WIB
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.extract.records import LAST_ATTEMPT
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from tests.support.capture import Capture
from tests.support.simulator import RUN_START, RunningSimulator
from tests.support.warehouse import change_evidence, refuse_outcomes, rows_of


def test_only_the_evenings_capture_settles_the_day(capture: Capture, simulator: RunningSimulator) -> None:
    simulator.set_clock(RUN_START.replace(hour=9))
    assert capture("facebook").outcomes["captured"] >= 20
    assert capture("facebook").calls == 0, "in the morning the morning's capture is enough"
    simulator.set_clock(RUN_START)
    assert capture("facebook").outcomes["captured"] >= 20, "the evening reads again"
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    assert capture("facebook").calls == 0


def test_repeated_silence_opens_the_platforms_breaker_until_time_closes_it(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("instagram", "unavailable")
    first = capture("instagram")
    assert set(first.outcomes) == {"platform_unavailable"}
    assert first.calls < sum(first.outcomes.values()) / 2, "the others were not asked any more"
    ((credential, until),) = rows_of(warehouse_url, "select credential, open_until from ops.circuit_breakers")
    assert credential == ""
    assert RUN_START + timedelta(minutes=15) <= until < RUN_START + timedelta(minutes=17)
    assert capture("instagram").calls == 0, "another worker sees it"

    simulator.clear_faults()
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    assert capture("instagram").outcomes["captured"] >= 20
    assert rows_of(warehouse_url, "select 1 from ops.circuit_breakers where closed_at is null") == [], (
        "an answer closes it"
    )


def test_a_refused_credential_waits_and_a_new_one_is_tried_at_once(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    wrong = replace(platform_connection("x"), secret="wrong")
    assert set(capture("x", connection=wrong).outcomes) == {"token_expired"}
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    again = capture("x", connection=wrong)
    assert (again.calls, again.backing_off) == (0, 0), "the accounts hang on the breaker and not on themselves"
    ((credential, until),) = rows_of(warehouse_url, "select credential, open_until from ops.circuit_breakers")
    assert (credential, until.astimezone(WIB)) == ("x", RUN_START.replace(hour=23, minute=30))

    simulator.set_clock(RUN_START + timedelta(minutes=31))
    retried = capture("x")
    assert retried.outcomes["captured"] >= 20, "another credential does not wait"
    assert rows_of(warehouse_url, "select 1 from ops.circuit_breakers where closed_at is null") == []


def test_a_person_is_not_held_back(capture: Capture, simulator: RunningSimulator) -> None:
    simulator.fault("youtube", "quota_exhausted", times=1)
    assert set(capture("youtube").outcomes) == {"quota_exhausted"}
    assert capture("youtube").calls == 0
    assert capture("youtube", on_demand=True).outcomes["captured"] >= 20


def test_youtubes_quota_is_back_at_pacific_midnight(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("youtube", "quota_exhausted", times=1)
    capture("youtube")
    (retry_at,) = rows_of(warehouse_url, "select max(retry_at) from raw.capture_outcomes")[0]
    midnight = RUN_START.replace(hour=15) + timedelta(days=1)  # PST: 08:00 UTC
    assert midnight - timedelta(seconds=1) <= retry_at <= midnight
    simulator.set_clock(RUN_START.replace(hour=23))
    assert (capture("youtube").calls, capture("youtube").outcomes) == (0, {})


def test_the_last_attempt_asks_through_every_breaker_and_says_that_it_was_the_last(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("youtube", "quota_exhausted")
    capture("youtube")
    simulator.set_clock(RUN_START.replace(hour=23, minute=30))
    last = capture("youtube")
    assert last.calls == 1, "one refusal is enough for all"
    steps = Counter(row[0] for row in rows_of(warehouse_url, "select next_step from raw.capture_outcomes"))
    assert steps[LAST_ATTEMPT] == sum(last.outcomes.values())
    simulator.clear_faults()
    simulator.set_clock(RUN_START + timedelta(days=1))
    assert capture("youtube").outcomes["captured"] >= 20, "the next evening begins by asking"


def test_the_platforms_waiting_time_is_kept(capture: Capture, simulator: RunningSimulator) -> None:
    simulator.fault("x", "rate_limited", endpoint="users", times=1)
    assert set(capture("x").outcomes) == {"rate_limited"}
    assert capture("x").calls == 0
    simulator.set_clock(RUN_START + timedelta(minutes=30))  # X counts in windows of 15 minutes
    assert capture("x").outcomes["captured"] >= 20


@pytest.mark.parametrize(
    ("platform", "field"), [("facebook", "fan_count"), ("facebook", "followers_count"), ("instagram", "media_count")]
)
def test_a_withdrawn_field_costs_its_own_number_and_is_one_finding(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str, platform: str, field: str
) -> None:
    simulator.fault(platform, "field_withdrawn", field=field, variant="error")
    report = capture(platform)
    assert report.outcomes["captured"] >= 20
    assert field in report.withdrawn
    found = dict(rows_of(warehouse_url, "select metric, platform from ops.withdrawn_metrics"))
    assert set(found) <= {field, "facebook.followers_count.v1"}
    states = Counter(row[0] for row in rows_of(warehouse_url, "select followers_state from raw.profile_snapshots"))
    assert set(states) == {"not_available" if field == "followers_count" else "reported"}


def test_a_count_that_is_silently_gone_for_all_is_one_finding(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("facebook", "field_withdrawn", field="followers_count")
    assert capture("facebook").withdrawn == ("facebook.followers_count.v1",)
    assert rows_of(warehouse_url, "select metric from ops.withdrawn_metrics") == [("facebook.followers_count.v1",)]


def test_two_runs_of_the_same_evening_read_once(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: capture("facebook"), range(2)))
    assert sorted(report.calls > 0 for report in reports) == [False, True]
    assert requests.get(f"{simulator.base_url}/_simulator/health", timeout=10).ok
    twice = "select 1 from raw.profile_snapshots group by account_code having count(*) > 1"
    assert rows_of(warehouse_url, twice) == []


def test_a_spent_month_reads_nothing_and_short_money_reads_followers_first(
    capture: Capture, registry: Registry, warehouse_url: str
) -> None:
    def limited(usd: str) -> Registry:
        lines = {**registry.platforms, "x": replace(registry.platforms["x"], monthly_usd_limit=Decimal(usd))}
        return Registry(MappingProxyType(lines), registry.centers, registry.accounts)

    assert set(capture("x", registry=limited("0.05")).outcomes) == {"budget_exhausted"}
    short = capture("x", registry=limited("0.50"))
    assert short.outcomes["captured_partly"] >= 20
    ((spent, followers),) = rows_of(
        warehouse_url, "select sum(usd), (select count(*) from raw.profile_snapshots) from ops.spend_ledger"
    )
    assert 0 < spent <= Decimal("0.50")
    assert followers >= 20


@pytest.mark.parametrize(
    ("platform", "extra", "spent", "limit"),
    [
        ("x", {"daily_usd_limit": "0.50"}, "usd", "0.50"),
        ("x", {"monthly_usd_limit": 0.5}, "usd", "0.50"),
        ("instagram", {"daily_call_limit": 11}, "calls", "11"),
        ("youtube", {"daily_quota_limit": "9"}, "quota_units", "9"),
    ],
)
def test_a_credentials_own_limit_stops_before_it_is_passed(
    capture: Capture, warehouse_url: str, platform: str, extra: dict[str, Any], spent: str, limit: str
) -> None:
    known = platform_connection(platform)

    def with_name(name: str) -> PlatformConnection:
        told = {**known.extra, "credential_name": name, **(extra if name == "own" else {})}
        return PlatformConnection.from_parts(platform, known.base_url, known.login, known.secret, told)

    first = capture(platform, connection=with_name("own"))
    assert first.outcomes.keys() & {"budget_exhausted", "captured_partly"}
    assert capture(platform, connection=with_name("own")).outcomes.get("captured", 0) == 0, "nothing is left of it"
    ledger = f"select credential, sum({spent}) from ops.spend_ledger group by credential"
    ((credential, total),) = rows_of(warehouse_url, ledger)
    assert credential == "own"
    assert 0 < total <= Decimal(limit)
    assert "the credential own of" in str(rows_of(warehouse_url, "select detail from raw.capture_outcomes"))
    by_another = capture(platform, connection=with_name("another"), on_demand=True)
    assert by_another.outcomes["captured"] >= 10, "another pays for itself"


def test_what_was_paid_is_known_though_the_capture_came_to_nothing(capture: Capture, warehouse_url: str) -> None:
    refuse_outcomes(warehouse_url, "true")
    with pytest.raises(psycopg.Error, match="refused by a test"):
        capture("x")
    assert rows_of(warehouse_url, "select count(*) from raw.api_responses") == [(0,)]
    ((spent,),) = rows_of(warehouse_url, "select sum(usd) from ops.spend_ledger")
    assert spent > 0


@pytest.fixture
def authorised(simulator: RunningSimulator, registry: Registry, warehouse_url: str) -> Settings:
    """Every TikTok account has authorised us."""
    requests.post(f"{simulator.base_url}/_simulator/reset", timeout=10).raise_for_status()  # other chains of tokens
    settings = Settings(credentials_key=Fernet.generate_key().decode(), http_attempts=1, http_max_wait_seconds=0)
    authorise_demo_accounts(registry, settings, warehouse_url)
    return settings


def test_a_refused_access_token_is_renewed_once_and_nobody_is_bothered(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str, authorised: Settings
) -> None:
    assert set(capture("tiktok", settings=authorised).outcomes) == {"captured"}
    generations = "select account_code, generation from ops.credentials"
    before = dict(rows_of(warehouse_url, generations))
    simulator.set_clock(RUN_START.replace(hour=20, minute=20))  # the tokens are young: nothing would renew them
    simulator.fault("tiktok", "access_token_lost", account="kartini-tiktok", endpoint="user/info", times=1)
    simulator.fault("tiktok", "access_token_lost", account="satria-tiktok", endpoint="video/list", times=1)
    with psycopg.connect(warehouse_url) as connection:
        for table in ("capture_outcomes", "profile_snapshots", "posts"):  # as if nobody was read
            change_evidence(connection, f"delete from raw.{table}")
    assert set(capture("tiktok", settings=authorised).outcomes) == {"captured"}
    after = dict(rows_of(warehouse_url, generations))
    assert {code for code in after if after[code] != before[code]} == {"kartini-tiktok", "satria-tiktok"}
    assert all(after[code] - before[code] in (0, 1) for code in after)


def test_a_token_that_is_refused_though_it_is_new_is_its_owners_business(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str, authorised: Settings
) -> None:
    simulator.fault("tiktok", "access_token_lost", account="kartini-tiktok")
    assert capture("tiktok", settings=authorised).outcomes["token_expired"] == 1
    ((code, detail),) = rows_of(
        warehouse_url, "select account_code, detail from raw.capture_outcomes where outcome = 'token_expired'"
    )
    assert code == "kartini-tiktok"
    assert "so was the token that replaced it" in detail
    assert rows_of(
        warehouse_url,
        "select generation, refresh_started_at from ops.credentials where account_code = 'kartini-tiktok'",
    ) == [(2, None)], "one renewal at the beginning, one after the refusal, and no more"
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    again = capture("tiktok", settings=authorised)
    assert (again.calls, again.backing_off) == (0, 1), (
        "a retry run does not ask again; a login or the last attempt does"
    )


def test_a_renewal_that_the_platform_cannot_answer_is_no_word_against_the_owner(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str, authorised: Settings
) -> None:
    capture("tiktok", settings=authorised)
    with psycopg.connect(warehouse_url) as connection:
        for table in ("capture_outcomes", "profile_snapshots", "posts"):
            change_evidence(connection, f"delete from raw.{table}")
    simulator.set_clock(RUN_START + timedelta(minutes=20))
    simulator.fault("tiktok", "access_token_lost", account="kartini-tiktok", times=1)
    simulator.fault("tiktok", "unavailable", endpoint="oauth/token", times=1)
    assert capture("tiktok", settings=authorised).outcomes["platform_unavailable"] == 1
    assert rows_of(warehouse_url, "select outcome from raw.capture_outcomes where outcome = 'token_expired'") == []
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    assert capture("tiktok", settings=authorised).outcomes == {"captured": 1}, "the next retry run renews it"
