"""Batch after batch of one platform: read ahead, written apart, with one budget and one hold on the platform."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from social_metrics.extract import platform_run
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.http.client import ApiClient
from social_metrics.extract.http.connection_pool import HttpPool
from social_metrics.extract.platform_run import BatchReport, capture_batches
from social_metrics.extract.run_clock import PastDateRefused
from social_metrics.extract.simulated_clock import SimulatedClock
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.loader import load
from tests.support.simulator import RUN_START
from tests.support.warehouse import refuse_outcomes, rows_of

SIZE = 5
WAIT = 30  # seconds, for what has to happen; nothing waits for so long unless it is broken

Capture = Callable[..., list[BatchReport]]


@pytest.fixture
def batches(registry: Registry) -> list[list[str]]:
    """Facebook's accounts in batches of five."""
    codes = [account.account_code for account in registry.accounts_on("facebook", RUN_START.date())]
    assert len(codes) > 3 * SIZE
    return [codes[start : start + SIZE] for start in range(0, len(codes), SIZE)]


@pytest.fixture
def capture(registry: Registry, batches: list[list[str]], warehouse_url: str) -> Capture:
    def run(**changes: Any) -> list[BatchReport]:
        arguments: dict[str, Any] = {
            "run_id": "test",
            "try_number": 1,
            "registry": registry,
            "connection": platform_connection("facebook"),
            "warehouse_url": warehouse_url,
            "settings": Settings(credentials_key=Fernet.generate_key().decode(), http_attempts=1),
        }
        return capture_batches("facebook", batches, **{**arguments, **changes})

    return run


def _captured(url: str) -> set[str]:
    found = rows_of(url, "select account_code from raw.profile_snapshots")
    assert len(found) == len(set(found)), "nobody is read twice"
    return {code for (code,) in found}


def test_the_next_batches_are_read_while_one_is_written(
    capture: Capture, batches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    ahead = threading.Event()
    real_call = ApiClient.call

    def call(client: ApiClient, *arguments: Any, **options: Any) -> Any:
        if client not in asked:
            asked.append(client)
            if len(asked) > 1:
                ahead.set()
        return real_call(client, *arguments, **options)

    at_the_first: list[int] = []

    def write(*arguments: Any) -> Any:
        if not at_the_first:
            assert ahead.wait(WAIT), "the network idles while a batch is written"
            at_the_first.append(len(asked))
        return load(*arguments)

    monkeypatch.setattr(ApiClient, "call", call)
    monkeypatch.setattr(platform_run, "load", write)
    assert len(capture()) == len(batches) == len(asked)
    assert at_the_first[0] <= 1 + platform_run.READ_AHEAD, "memory holds a few batches, however many there are"


def test_connections_are_kept_from_batch_to_batch(
    capture: Capture, registry: Registry, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[HttpPool] = []
    real = HttpPool.__init__

    def noted(pool: HttpPool, *arguments: Any) -> None:
        made.append(pool)
        real(pool, *arguments)

    opened: list[str] = []
    real_open = platform_run.open_connection
    monkeypatch.setattr(HttpPool, "__init__", noted)
    monkeypatch.setattr(platform_run, "open_connection", lambda *of: opened.append(of[1]) or real_open(*of))
    reports = capture()
    (pool,) = made
    assert 0 < pool.connections_made <= registry.platforms["facebook"].max_in_flight
    assert sum(report.calls for report in reports) > pool.connections_made
    assert opened == ["loader"]


def test_a_batch_that_the_warehouse_refuses_is_lost_alone(
    capture: Capture, batches: list[list[str]], warehouse_url: str
) -> None:
    refuse_outcomes(warehouse_url, f"new.account_code = '{batches[1][2]}'")
    told: list[BatchReport] = []
    with pytest.raises(psycopg.Error, match="refused by a test"):
        capture(on_batch=told.append)
    assert len(told) == len(batches) - 1
    outcomes = {code for (code,) in rows_of(warehouse_url, "select account_code from raw.capture_outcomes")}
    assert outcomes == {code for batch in batches for code in batch} - set(batches[1])
    assert _captured(warehouse_url) <= outcomes


def test_a_lost_session_costs_the_batch_that_was_written_and_no_other(
    capture: Capture, batches: list[list[str]], warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def write(connection: psycopg.Connection, records: Any) -> Any:
        written.append(len(records.outcomes))
        if len(written) == 2:
            with psycopg.connect(warehouse_url) as other:
                other.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        return load(connection, records)

    monkeypatch.setattr(platform_run, "load", write)
    with pytest.raises(psycopg.OperationalError):
        capture()
    outcomes = {code for (code,) in rows_of(warehouse_url, "select account_code from raw.capture_outcomes")}
    assert outcomes == {code for batch in batches for code in batch} - set(batches[1])
    assert [report.complete_before for report in capture()].count(SIZE) >= 1
    assert {code for (code,) in rows_of(warehouse_url, "select account_code from raw.capture_outcomes")} > outcomes


@pytest.mark.parametrize("limit", [7, 12])
def test_batches_that_are_read_together_share_the_budget(
    capture: Capture, registry: Registry, warehouse_url: str, limit: int
) -> None:
    line = replace(registry.platforms["facebook"], daily_call_limit=limit)
    poor = Registry(MappingProxyType({**registry.platforms, "facebook": line}), registry.centers, registry.accounts)
    reports = capture(registry=poor)
    assert sum(report.calls for report in reports) <= limit
    assert rows_of(warehouse_url, "select sum(calls)::int from ops.spend_ledger")[0][0] <= limit
    assert any("budget_exhausted" in report.outcomes for report in reports[1:])


def test_what_was_read_before_midnight_is_written_and_nothing_is_read_after_it(
    capture: Capture, batches: list[list[str]], warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_plan = platform_run.PlatformRun._plan
    planned: list[object] = []
    real_now = SimulatedClock.now

    def now(clock: SimulatedClock) -> datetime:
        late = timedelta(hours=4) if len(planned) >= 2 else timedelta(0)
        return real_now(clock) + late

    def plan(self: Any, *arguments: Any) -> Any:
        batch = real_plan(self, *arguments)
        batch.client.clock = type("Evening", (), {"now": staticmethod(lambda: batch.now)})()
        planned.append(batch)
        return batch

    monkeypatch.setattr(SimulatedClock, "now", now)
    monkeypatch.setattr(platform_run.PlatformRun, "_plan", plan)
    told: list[BatchReport] = []
    with pytest.raises(PastDateRefused, match="belongs to 2026-11-20"):
        capture(expected_day=RUN_START.date(), on_batch=told.append)
    assert len(told) == 2
    outcomes = {code for (code,) in rows_of(warehouse_url, "select account_code from raw.capture_outcomes")}
    assert outcomes == {*batches[0], *batches[1]}
