"""A year of runs under the simulated clock: `make test` takes ten days, `make test-year` all 365.

The missing account-days are exactly those of the simulator's own log and of our own decisions.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
from cryptography.fernet import Fernet

from local_stack.history import authorise_demo_accounts
from simulator.app import Simulator
from simulator.demo_registry import write_registry
from social_metrics.clock import wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract import platform_run
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.extract.credentials.oauth_flow import authorisation_of, exchange_code
from social_metrics.extract.http import client
from social_metrics.extract.platform_run import capture_batch
from social_metrics.extract.run_all import open_batches
from social_metrics.extract.simulated_clock import SimulatedClock
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings
from social_metrics.transform.run import run_transform
from tests.resilience.fault_setup import few_accounts
from tests.resilience.year_scenario import RUN_STARTS, Scenario, at, rename, set_budget, write
from tests.support.simulator_in_process import answering, connections, make_simulator

DAYS = int(os.environ.get("SOCIAL_METRICS_TEST_YEAR_EVENINGS", "10"))  # a full run sets 365
ALL_CENTERS = "SOCIAL_METRICS_TEST_YEAR_ALL_CENTERS" in os.environ  # else six of them, the odd ones included
FIRST = date(2025, 12, 1)
READ = ("captured", "captured_partly", "below_threshold")

AccountDay = tuple[str, date]


class ProcessKilled(BaseException):
    """Stands for kill -9: no `except Exception` catches it."""


@dataclass
class Year:
    """The scenario and all that it acts on."""

    scenario: Scenario
    simulator: Simulator
    url: str
    registry_dir: Path
    settings: Settings
    registry: Registry
    credentials: Counter[str]

    def connection(self, platform: str) -> PlatformConnection:
        """The platform's connection with its newest credential and the version of the day."""
        known = platform_connection(platform)
        is_new_graph = wib_date(self.now()) >= self.scenario.graph_change and platform in ("facebook", "instagram")
        extra = {**known.extra, "api_version": "v25.0"} if is_new_graph else known.extra
        name = f"{known.login or ''}#{self.credentials[platform]}" if self.credentials[platform] else known.login
        return replace(known, login=name, extra=extra)

    def now(self) -> datetime:
        """The simulated instant."""
        return datetime.fromtimestamp(self.simulator.clock.now(), tz=at(FIRST, RUN_STARTS[0]).tzinfo)

    def set_clock(self, instant: datetime) -> None:
        """Move to an instant."""
        self.simulator.clock.set(int(instant.timestamp()))

    def retry_run(self, day: date, *, number: int) -> None:
        """Capture each platform's open batches, as the scheduler does every half hour."""
        for platform in self.registry.platforms:
            for codes in open_batches(platform, day, self.registry, self.url, self.settings):
                try:
                    with self._killed(platform, day, number):
                        self._capture(platform, codes, day, number)
                except ProcessKilled:
                    continue

    def _capture(self, platform: str, codes: list[str], day: date, number: int, *, on_demand: bool = False) -> None:
        capture_batch(
            platform,
            codes,
            run_id=f"{day}_{number}",
            try_number=1,
            registry=self.registry,
            connection=self.connection(platform),
            warehouse_url=self.url,
            settings=self.settings,
            expected_day=day,
            on_demand=on_demand,
        )

    @contextmanager
    def _killed(self, platform: str, day: date, number: int) -> Iterator[None]:
        if number or self.scenario.kills.get(day) != platform:
            yield
            return

        def die(*_: object, **__: object) -> None:
            raise ProcessKilled

        with patch.object(platform_run, "load", die):
            yield

    def apply_changes(self, since: datetime, until: datetime) -> None:
        """Apply what people do between two instants."""
        for instant, platform in self.scenario.renewed.items():
            if since < instant <= until:
                self.credentials[platform] += 1
        for instant, code in list(self.scenario.granted.items()):
            if since < instant <= until:
                self.set_clock(instant)
                self._authorise(instant, code)
                self.set_clock(until)
        day = wib_date(until)
        self.simulator.options.x_names = "post" if day >= self.scenario.x_names_change else "tweet"
        for begins in sorted(self.scenario.budgets):
            if since < at(begins, RUN_STARTS[0]) <= until:
                set_budget(self.registry_dir, self.scenario.budgets[begins])
                self.registry = load_registry(self.registry_dir)

    def _authorise(self, instant: datetime, code: str) -> None:
        """An owner logs in; one whose account is suspended tries again the next day."""
        account = self.registry.account_on(code, wib_date(instant))
        assert account is not None
        grant = authorisation_of(account.platform).account
        assert grant is not None
        connection = self.connection(account.platform)
        try:
            exchange_code(account, grant, f"demo-code-{code}", connection, self.registry, self.settings, self.url)
        except UsageProblem:
            self.scenario.granted[instant + timedelta(days=1)] = code


@pytest.fixture
def year(warehouse_url: str, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> Year:
    registry = tmp_path / "registry"
    as_of = FIRST + timedelta(days=120)
    write_registry(repository / "dbt_project/seeds/registry", registry, 2024, as_of)
    if not ALL_CENTERS:
        few_accounts(registry)
    scenario = Scenario(FIRST, DAYS)
    rename(registry, scenario)
    loaded = load_registry(registry)
    usual = {"daily_usd_limit": str(loaded.platforms["x"].daily_usd_limit or "")}
    simulator = make_simulator(registry, int(at(FIRST, RUN_STARTS[0]).timestamp()), start_date=FIRST)
    write(scenario, simulator, usual, seed)
    for variable, value in connections(registry).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(client, "_backoff", lambda _attempt: 0.0)
    monkeypatch.setattr(SimulatedClock, "now", lambda clock: clock._anchor)
    settings = Settings(
        credentials_key=Fernet.generate_key().decode(),
        http_attempts=2,
        http_max_wait_seconds=0,
        registry_dir=registry,
        state_dir=tmp_path / "state",
    )
    authorise_demo_accounts(loaded, settings, warehouse_url)
    return Year(scenario, simulator, warehouse_url, registry, settings, loaded, Counter())


@pytest.mark.slow
def test_only_what_nobody_could_have_captured_is_missing(year: Year, seed: int) -> None:
    log: dict[AccountDay, str] = {}
    expected: set[AccountDay] = set()
    before = at(FIRST, RUN_STARTS[0]) - timedelta(days=1)
    with answering(year.simulator):
        for day in year.scenario.days:
            unreachable: list[dict[str, str]] = []
            for number, moment in enumerate(RUN_STARTS):
                instant = at(day, moment)
                year.set_clock(instant)
                year.apply_changes(before, instant)
                year.scenario.last_attempt(moment == RUN_STARTS[-1])
                before = instant
                year.retry_run(day, number=number)
                unreachable.append(year.simulator.unreachable(year.simulator.clock.now()))
            on_the_day = _read_by_api(year.registry, day)
            expected |= {(code, day) for code in on_the_day}
            log |= _unreachable_on(year, day, on_the_day, unreachable)
    missing = _missing(year, expected)
    print(_report(year, seed, expected, missing, log))
    assert missing.keys() - log.keys() == set(), "missed, and could have been captured"
    assert log.keys() - missing.keys() == set(), "captured, although the simulator reports it unreachable"
    assert all(year.scenario.brought[what] >= number for what, number in {
        "handle changes": 3, "budget squeezes": 2, "identity_mismatch": 1, "field_withdrawn": 1, "token_revoked": 1,
        "token_expired": 2, "access_token_lost": 3}.items()), dict(year.scenario.brought)  # fmt: skip
    assert _versions(year) == {"facebook": 2, "instagram": 2, "threads": 1, "tiktok": 1, "x": 1, "youtube": 1}
    assert year.simulator.options.x_names == "post", "X has renamed what its replies hold"
    with psycopg.connect(year.url) as connection:
        findings = connection.execute("select platform, metric from ops.withdrawn_metrics").fetchall()
        snapshots = connection.execute(
            "select count(*), count(distinct (account_code, captured_at)) from raw.profile_snapshots as s "
            "where exists (select from raw.capture_outcomes as o where o.attempt_id = s.attempt_id "
            "and o.outcome = 'captured')"
        ).fetchone()
    assert findings == [("facebook", "fan_count")], "one finding, not one for each account"
    assert snapshots is not None
    assert snapshots[0] == snapshots[1]
    if ALL_CENTERS:
        assert _missing_in_the_marts(year) == missing.keys()


def _versions(year: Year) -> dict[str, int]:
    """Platform → under how many versions of its API profiles were read."""
    with psycopg.connect(year.url) as connection:
        return dict(
            connection.execute(
                "select s.platform, count(distinct r.api_version) from raw.profile_snapshots as s "
                "inner join raw.api_responses as r on r.response_id = s.response_id group by 1"
            ).fetchall()
        )


def _read_by_api(registry: Registry, day: date) -> set[str]:
    return {account.account_code for platform in registry.platforms for account in registry.accounts_on(platform, day)}


def _unreachable_on(
    year: Year, day: date, accounts: set[str], unreachable: list[dict[str, str]]
) -> dict[AccountDay, str]:
    """The simulator's log of the day, and what our own budget decided: accounts that no run could read, and why."""
    log = {
        (code, day): unreachable[-1][code] for code in accounts if all(code in log_of_run for log_of_run in unreachable)
    }
    log |= {key: why for key, why in year.scenario.lost.items() if key[1] == day}
    squeezed = year.scenario.decided.get(day)
    return log | {(code, day): "budget by decision" for code in accounts if squeezed and code.endswith(f"-{squeezed}")}


def _missing(year: Year, expected: set[AccountDay]) -> dict[AccountDay, str]:
    """Account-days without a capture → the outcome of the last attempt."""
    with psycopg.connect(year.url) as connection:
        rows = connection.execute(
            "select account_code, (attempted_at at time zone 'Asia/Jakarta')::date, "
            "bool_or(outcome = any(%s)), (array_agg(outcome order by attempted_at desc))[1] "
            "from raw.capture_outcomes group by 1, 2",
            (list(READ),),
        ).fetchall()
    found = {(code, day): (is_read, outcome) for code, day, is_read, outcome in rows}
    assert found.keys() == expected, "every account has an outcome on every day, and no other has one"
    return {key: outcome for key, (is_read, outcome) in found.items() if not is_read}


def _missing_in_the_marts(year: Year) -> set[AccountDay]:
    last = year.scenario.days[-1]
    run_transform(
        year.settings, year.url, through_date=last, retention_as_of=at(last, RUN_STARTS[-1]) + timedelta(hours=4)
    )
    with psycopg.connect(year.url) as connection:
        rows = connection.execute(
            "select account_code, date_day from marts.fct_capture_completeness "
            "where is_expected and not is_captured and source = 'simulator'"
        ).fetchall()
    return {(code, day) for code, day in rows}


def _report(
    year: Year, seed: int, expected: set[AccountDay], missing: dict[AccountDay, str], log: dict[AccountDay, str]
) -> str:
    """Missed account-days by our outcome and by the reason in the simulator's log."""
    pairs = Counter((outcome, log.get(key, "nothing: it could have been read")) for key, outcome in missing.items())
    lines = [
        f"seed {seed}: {DAYS} days, {len(expected):,} account-days, {len(expected) - len(missing):,} read, "
        f"{len(missing):,} missed, {len(log):,} of them unreachable",
        f"{'our outcome':<24}{'reason in the simulator':<36}{'account-days':>12}",
        *(f"{outcome:<24}{why:<36}{number:>12,}" for (outcome, why), number in sorted(pairs.items())),
        f"the year brought {json.dumps(dict(sorted(year.scenario.brought.items())))}",
    ]
    return "\n".join(lines)
