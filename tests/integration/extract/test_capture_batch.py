"""One batch's capture against the running simulator and a real database."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from cryptography.fernet import Fernet

from local_stack.history import authorise_demo_accounts
from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.platform_run import BatchReport, capture_batch
from social_metrics.extract.platforms import x as x_platform
from social_metrics.extract.run_clock import PastDateRefused
from social_metrics.extract.state import posts_due_for_rereading
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings
from tests.support.simulator import CREDENTIALS, RUN_START, RunningSimulator
from tests.support.warehouse import rows_of

Capture = Callable[..., BatchReport]


@pytest.fixture
def settings() -> Settings:
    return Settings(credentials_key=Fernet.generate_key().decode(), http_attempts=2, http_max_wait_seconds=0)


@pytest.fixture
def capture(registry: Registry, settings: Settings, warehouse_url: str) -> Capture:
    """Capture the whole of a platform as one batch; anything can be given another value."""

    def run(platform: str, **changes: Any) -> BatchReport:
        used: Registry = changes.get("registry", registry)
        arguments: dict[str, Any] = {
            "account_codes": [account.account_code for account in used.accounts if account.platform == platform],
            "run_id": "test",
            "try_number": 1,
            "registry": used,
            "connection": platform_connection(platform),
            "warehouse_url": warehouse_url,
            "settings": settings,
        }
        return capture_batch(platform, **{**arguments, **changes})

    return run


def _with_platform(registry: Registry, platform: str, **changes: Any) -> Registry:
    lines = {**registry.platforms, platform: replace(registry.platforms[platform], **changes)}
    return Registry(MappingProxyType(lines), registry.centers, registry.accounts)


def test_every_expected_account_has_one_outcome_and_a_second_read_asks_nothing(
    capture: Capture, registry: Registry, warehouse_url: str
) -> None:
    expected = {account.account_code for account in registry.accounts_on("facebook", RUN_START.date())}
    report = capture("facebook")
    rows = rows_of(warehouse_url, "select account_code, outcome from raw.capture_outcomes")
    assert {code for code, _ in rows} == expected
    assert len(rows) == len(expected) >= 20
    again = capture("facebook")
    assert report.outcomes == {"captured": len(expected)}
    assert (again.calls, again.outcomes, again.complete_before) == (0, {}, len(expected))


def test_a_capture_is_stored_under_the_instant_of_the_response(capture: Capture, warehouse_url: str) -> None:
    capture("facebook")
    rows = rows_of(
        warehouse_url,
        "select s.captured_at = r.received_at, s.source, r.http_status from raw.profile_snapshots s"
        " join raw.api_responses r using (response_id)",
    )
    assert set(rows) == {(True, "simulator", 200)}
    (instants,) = rows_of(warehouse_url, "select min(captured_at), max(captured_at) from raw.profile_snapshots")
    assert RUN_START <= instants[0] <= instants[1] < RUN_START + timedelta(minutes=10)


def test_one_failed_account_changes_nothing_for_the_others(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("facebook", "account_not_found", account="kartini-facebook")
    report = capture("facebook")
    outcomes = dict(rows_of(warehouse_url, "select account_code, outcome from raw.capture_outcomes"))
    assert outcomes.pop("kartini-facebook") == "account_not_found"
    assert set(outcomes.values()) == {"captured"}
    assert report.outcomes["account_not_found"] == 1
    assert not rows_of(warehouse_url, "select 1 from raw.profile_snapshots where account_code = 'kartini-facebook'")


def test_a_platform_that_is_down_gives_outcomes_and_the_retry_run_reads_it(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("x", "server_error")
    assert set(capture("x").outcomes) == {"platform_unavailable"}
    simulator.clear_faults()
    simulator.set_clock(RUN_START + timedelta(minutes=30))
    swept = capture("x")
    assert swept.complete_before == 0
    assert swept.outcomes["captured"] >= 20


def test_another_id_behind_the_handle_is_never_stored_as_ours(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    simulator.fault("instagram", "identity_mismatch", account="kartini-instagram")
    capture("instagram")
    rows = rows_of(
        warehouse_url, "select outcome, detail from raw.capture_outcomes where account_code = 'kartini-instagram'"
    )
    assert [outcome for outcome, _ in rows] == ["identity_mismatch"]
    assert "now belongs to the platform id" in rows[0][1]
    for table in ("profile_snapshots", "posts"):
        assert not rows_of(warehouse_url, f"select 1 from raw.{table} where account_code = 'kartini-instagram'")


def test_posts_that_a_complete_listing_lacks_are_recorded_absent_and_come_back(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    def presences() -> dict[str, int]:
        return dict(
            rows_of(
                warehouse_url,
                "select presence, count(*) from (select distinct on (post_id) presence from raw.posts"
                " where account_code = 'kartini-facebook' order by post_id, captured_at desc) as latest group by 1",
            )
        )

    capture("facebook")
    known = presences()["seen"]
    simulator.fault("facebook", "no_posts", account="kartini-facebook")
    for days in (1, 2):
        simulator.set_clock(RUN_START + timedelta(days=days))
        capture("facebook")
        assert presences() == {"seen": known}, "Facebook counts no posts: an empty listing is not believed for a week"
    simulator.set_clock(RUN_START + timedelta(days=8))
    capture("facebook")
    assert presences() == {"absent": known}
    evidence = rows_of(
        warehouse_url,
        "select distinct r.http_status from raw.posts p join raw.api_responses r using (response_id)"
        " where p.presence = 'absent'",
    )
    assert evidence == [(200,)]
    simulator.clear_faults()
    simulator.set_clock(RUN_START + timedelta(days=9))
    capture("facebook")
    assert presences()["seen"] > 0


def test_the_posts_are_left_alone_while_the_platforms_count_stands_still(
    capture: Capture, simulator: RunningSimulator, registry: Registry, warehouse_url: str
) -> None:
    capture("youtube")
    days = registry.platforms["youtube"].full_listing_days
    for day in range(1, days + 1):
        simulator.set_clock(RUN_START + timedelta(days=day))
        capture("youtube")
    by_account: dict[str, list[str]] = {}
    for code, posts_read in rows_of(
        warehouse_url, "select account_code, posts_read from raw.capture_outcomes order by attempted_at"
    ):
        by_account.setdefault(code, []).append(posts_read)
    quiet = [looks for looks in by_account.values() if looks == ["listed", *["unchanged"] * (days - 1), "listed"]]
    assert quiet, f"no account was quiet for a week: {Counter(map(tuple, by_account.values()))}"


def test_a_full_listing_is_due_each_day_however_early_the_run_begins(
    capture: Capture, simulator: RunningSimulator, registry: Registry, warehouse_url: str
) -> None:
    assert registry.platforms["instagram"].full_listing_days == 1
    capture("instagram")
    simulator.set_clock(RUN_START + timedelta(days=1, minutes=-10))
    capture("instagram")
    looks = rows_of(
        warehouse_url, "select posts_read, count(*) from raw.capture_outcomes where outcome = 'captured' group by 1"
    )
    assert [posts_read for posts_read, _ in looks] == ["listed"]


def test_a_post_that_reached_an_age_stays_due_until_it_is_read_again(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    capture("x")
    known = rows_of(warehouse_url, "select account_code, post_id, published_at, captured_at from raw.posts")
    late = RUN_START + timedelta(days=2, minutes=10)  # an evening was missed, and this one begins later
    ages = (1, 3, 7)
    reached = {
        (code, post_id)
        for code, post_id, published_at, captured_at in known
        for age in ages
        if captured_at < published_at + timedelta(days=age) <= late
    }
    assert len(reached) > 5
    codes = sorted({row[0] for row in known})
    with psycopg.connect(warehouse_url) as connection:
        due = posts_due_for_rereading(connection, codes, ages, late)
    assert {(code, post_id) for code, ids in due.items() for post_id in ids} == reached
    simulator.set_clock(late)
    capture("x")
    with psycopg.connect(warehouse_url) as connection:
        assert posts_due_for_rereading(connection, codes, ages, late) == {}


def test_a_refused_rereading_is_repeated_by_a_retry_run(
    capture: Capture, simulator: RunningSimulator, warehouse_url: str
) -> None:
    capture("x")
    simulator.set_clock(RUN_START + timedelta(days=1))

    def refused(*_: object) -> None:
        raise CaptureFailure(Outcome.PLATFORM_UNAVAILABLE, "gone away")

    with patch.object(x_platform, "_read_again", refused):
        capture("x")
    refused_at = "select account_code, posts_read from raw.capture_outcomes where position('gone away' in detail) > 0"
    partly = rows_of(warehouse_url, refused_at)
    assert partly
    assert {posts_read for _, posts_read in partly} == {"listed"}, "what was listed stands"
    assert capture("x").outcomes["captured"] == len(partly)


def test_the_budget_stops_before_it_is_passed(capture: Capture, registry: Registry, warehouse_url: str) -> None:
    small = _with_platform(registry, "x", daily_usd_limit=Decimal("0.50"))
    report = capture("x", registry=small)
    spent = rows_of(warehouse_url, "select sum(usd) from ops.spend_ledger")[0][0]
    assert Decimal(0) < spent <= Decimal("0.50")
    assert report.outcomes["captured_partly"] > 0  # followers first; then the money was spent
    details = {row[0] for row in rows_of(warehouse_url, "select detail from raw.capture_outcomes") if row[0]}
    assert any("the day's budget of 0.50 US$ for X would be exceeded" in detail for detail in details)


def test_an_exhausted_budget_gives_every_account_its_outcome(
    capture: Capture, registry: Registry, warehouse_url: str
) -> None:
    none = _with_platform(registry, "x", daily_usd_limit=Decimal("0.01"))
    assert set(capture("x", registry=none).outcomes) == {"budget_exhausted"}
    assert rows_of(warehouse_url, "select count(*) from raw.api_responses") == [(0,)]


def test_another_day_is_refused_with_the_reason(capture: Capture, warehouse_url: str) -> None:
    with pytest.raises(PastDateRefused, match=r"belongs to 2026-11-19 \(WIB\), and today is 2026-11-20"):
        capture("x", expected_day=date(2026, 11, 19))
    assert rows_of(warehouse_url, "select count(*) from raw.capture_outcomes") == [(0,)]


def test_an_unexpected_error_of_a_platform_file_is_an_outcome(
    capture: Capture, monkeypatch: pytest.MonkeyPatch, warehouse_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    real = x_platform.read_posts

    def stumble(client: Any, account: Any, profile: Any, window: Any) -> Any:
        if account.account_code == "kartini-x":
            raise KeyError("surprise")
        return real(client, account, profile, window)

    monkeypatch.setattr(x_platform, "read_posts", stumble)
    capture("x")
    outcomes = dict(rows_of(warehouse_url, "select account_code, outcome from raw.capture_outcomes"))
    assert outcomes["kartini-x"] == "captured_partly"
    assert Counter(outcomes.values())["captured"] >= 20
    assert "surprise" in caplog.text  # the log has the place; the row does not swallow it


def test_our_own_warehouse_failing_meanwhile_is_not_blamed_on_the_platform(
    capture: Capture, monkeypatch: pytest.MonkeyPatch, warehouse_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(x_platform, "read_profiles", fail)
    capture("x")
    rows = rows_of(warehouse_url, "select distinct outcome, detail from raw.capture_outcomes")
    assert rows == [("not_attempted", "the warehouse did not respond during the capture (OperationalError)")]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("host", "simulated", "expected"),
    [
        ("https://api.x.com", True, "remove simulated_clock"),
        ("https://api.x.com", False, "has the demo's handle"),
        ("http://127.0.0.1:9", False, "neither the simulator nor one of its hosts"),
        ("https://api.x.com.example.org", False, "neither the simulator nor one of its hosts"),
        ("https://example.org", True, "Credentials go to no other host"),
        ("https://192.0.2.7", True, "Credentials go to no other host"),
        ("http://api.x.com", False, "over TLS to that host only"),
        ("https://api.x.com:8443", False, "over TLS to that host only"),
        ("https://someone@api.x.com", False, "over TLS to that host only"),
    ],
)
def test_a_connection_that_mixes_demo_and_reality_is_refused(
    capture: Capture, host: str, simulated: bool, expected: str
) -> None:
    connection = PlatformConnection.from_parts("x", host, None, "secret", {"simulated_clock": simulated})
    with pytest.raises(UsageProblem, match=expected):
        capture("x", connection=connection)


def test_rotating_tokens_are_renewed_and_the_chain_survives_evenings(
    capture: Capture, simulator: RunningSimulator, registry: Registry, settings: Settings, warehouse_url: str
) -> None:
    authorise_demo_accounts(registry, settings, warehouse_url)
    accounts = len(registry.accounts_on("tiktok", RUN_START.date()))
    for day in range(3):
        simulator.set_clock(RUN_START + timedelta(days=day))
        assert capture("tiktok").outcomes == {"captured": accounts}
    rows = rows_of(warehouse_url, "select generation, access_token, refresh_token from ops.credentials")
    assert {row[0] for row in rows} == {3}
    assert not any(b"demo-" in bytes(token) for row in rows for token in row[1:])


def test_an_account_that_never_authorised_us_says_so(capture: Capture, warehouse_url: str) -> None:
    assert set(capture("tiktok").outcomes) == {Outcome.PERMISSION_MISSING.value}
    detail = rows_of(warehouse_url, "select distinct detail from raw.capture_outcomes limit 1")[0][0]
    assert "has not authorised the application yet" in detail


def test_no_secret_and_no_words_reach_the_evidence(
    capture: Capture, registry: Registry, settings: Settings, warehouse_url: str
) -> None:
    authorise_demo_accounts(registry, settings, warehouse_url)
    for platform in CREDENTIALS:
        capture(platform)
    captions = [row[0] for row in rows_of(warehouse_url, "select caption from raw.post_captions limit 2000")]
    written = b"\n".join(bytes(row[0]) for row in rows_of(warehouse_url, "select body from raw.response_bodies"))
    written += "\n".join(
        row[0] for row in rows_of(warehouse_url, "select parameters::text || stripped::text from raw.api_responses")
    ).encode()
    assert captions
    assert written
    for secret in ("demo-youtube-key", "demo-facebook-token", "demo-instagram-token", "demo-x-bearer"):
        assert secret.encode() not in written
    for secret in ("demo-tiktok-secret", "demo-refresh-"):
        assert secret.encode() not in written
    words = {line.strip() for caption in captions for line in caption.splitlines() if len(line.strip()) > 25}
    assert len(words) > 20
    assert not [line for line in words if line.encode() in written]


def test_a_withheld_count_is_an_observation_and_not_a_failed_capture(capture: Capture, warehouse_url: str) -> None:
    capture("threads")
    rows = rows_of(
        warehouse_url,
        "select o.outcome, s.followers_state, s.followers_count, s.metric_definition_id"
        " from raw.capture_outcomes o left join raw.profile_snapshots s using (attempt_id)",
    )
    withheld = [row for row in rows if row[0] == "below_threshold"]
    assert withheld
    assert set(withheld) == {("below_threshold", "not_available", None, "threads.follower_count.v1")}


def test_a_dated_handle_row_is_read_by_its_id_on_either_side_of_the_change(
    simulator: RunningSimulator, capture: Capture, tmp_path: Path, warehouse_url: str
) -> None:
    with (simulator.registry_dir / "center_accounts.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    changed = [code for code, number in Counter(row["account_code"] for row in rows).items() if number == 2]
    assert len(changed) == 1, "the demo's registry has one account with a change of handle"
    platform = changed[0].rsplit("-", 1)[1]
    folder = shutil.copytree(simulator.registry_dir, tmp_path / "registry")
    for day in (-60, 0):
        simulator.set_clock(RUN_START + timedelta(days=day))
        capture(platform, registry=load_registry(folder))
    handles = rows_of(
        warehouse_url,
        "select distinct on (captured_at::date) handle_seen from raw.profile_snapshots where account_code = %s"
        " order by captured_at::date, captured_at",
        changed[0],
    )
    assert len(set(handles)) == 2
