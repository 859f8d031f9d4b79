"""One platform's capture by one process: while a batch is written, the next ones are being read.

A platform is held by one session of the warehouse at a time. The same session writes, so that whoever loses the hold
can write nothing any more. Everything that a batch read is written in one transaction.
"""

import gc
import importlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from social_metrics.clock import wib_date
from social_metrics.code_version import code_version
from social_metrics.contract import Source
from social_metrics.errors import UsageProblem
from social_metrics.extract import state
from social_metrics.extract.batch_reader import BatchReader, expected_posts, withheld_from_all
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.endpoint import refuse_demo_accounts, run_clock_of, source_of
from social_metrics.extract.credentials.token_store import AccountTokens, cipher
from social_metrics.extract.http.client import ApiClient, Recorder
from social_metrics.extract.http.connection_pool import HttpPool
from social_metrics.extract.limits.budget import Budgets, affordable_ages, budgets_of
from social_metrics.extract.limits.circuit_breakers import CircuitBreakers
from social_metrics.extract.limits.spend_limits import is_of_money
from social_metrics.extract.records import AccountAttempt, batch_records
from social_metrics.extract.run_clock import RunClock, refuse_other_day
from social_metrics.extract.schedule import RunSchedule
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Platform, Registry
from social_metrics.registry.retention_rules import load_retention_rules
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import open_connection
from social_metrics.warehouse.loader import SpendLedger, load, record_run
from social_metrics.warehouse.locks import lock_platform

logger = logging.getLogger(__name__)

GARBAGE_THRESHOLD = 100_000
"""New objects after which Python looks for unreachable cycles while a batch is read."""

READ_AHEAD = 2
"""Batches that are read while an earlier one is written: the network does not idle, and memory does not grow."""


@dataclass(frozen=True)
class BatchReport:
    """What one batch's capture did.

    Args:
        platform: its name.
        day: the WIB date that the capture belongs to.
        complete_before: accounts of which nothing was left to ask.
        waiting: accounts that are not to be asked yet, because the platform named a later time.
        outcomes: outcome -> number of accounts, for those asked now.
        calls: HTTP responses received.
        inserted: table -> rows newly written.
    """

    platform: str
    day: date
    complete_before: int
    outcomes: dict[str, int]
    calls: int
    inserted: dict[str, int]
    waiting: int = 0
    withdrawn: tuple[str, ...] = ()  # metrics that the platform no longer gives anybody


@dataclass(frozen=True)
class CaptureOrder:
    """What is to be captured, by whom, with what.

    Args:
        platform: its line in platforms.csv.
        registry: the registry in force.
        connection: the platform's credential and address.
        source, clock: where that address leads, and the clock that the capture carries.
        warehouse_url: postgresql://… of the service login.
        settings: timeouts, tries, the credentials' key.
        run_id, try_number: an Airflow run id or a name made by the command line, and 1 for its first try.
        expected_day: the WIB date that the caller believes it is; another date is refused.
        on_demand: a person asks: circuit breakers and waiting times do not hold back.
    """

    platform: Platform
    registry: Registry
    connection: PlatformConnection
    source: Source
    clock: RunClock
    warehouse_url: str
    settings: Settings
    run_id: str
    try_number: int
    expected_day: date | None
    on_demand: bool


@dataclass(frozen=True)
class _Session:
    """What the batches of one hold on the platform share."""

    warehouse: psycopg.Connection
    evening: RunSchedule
    probing: bool
    accounts: Mapping[str, Account]  # the day's accounts by code
    settled: set[str]  # before this session: nobody else captures meanwhile
    held: set[str]
    breakers: CircuitBreakers
    ledger: SpendLedger | None
    tokens: AccountTokens | None
    budget: Budgets


@dataclass(frozen=True)
class _Batch:
    """A batch with what the warehouse knows of it."""

    now: datetime
    accounts: Sequence[Account]  # to be asked now
    complete_before: int
    waiting: int
    client: ApiClient
    recorder: Recorder
    reader: BatchReader


def capture_batch(platform_name: str, account_codes: Sequence[str], **options: Any) -> BatchReport:
    """`capture_batches` of one batch."""
    (report,) = capture_batches(platform_name, [account_codes], **options)
    return report


def capture_batches(
    platform_name: str,
    batches: Iterable[Sequence[str]],
    *,
    run_id: str,
    try_number: int,
    registry: Registry,
    connection: PlatformConnection,
    warehouse_url: str,
    settings: Settings,
    expected_day: date | None = None,
    on_demand: bool = False,
    on_batch: Callable[[BatchReport], None] = lambda _report: None,
) -> list[BatchReport]:
    """Read the accounts of these batches that are not settled today, and write each batch as soon as it was read.

    One capture of a platform runs at a time; a second one waits, and then asks for what the first left. A batch that
    the warehouse refuses is lost alone: the others are read and written before its error is raised.

    Args:
        platform_name: a platform of the registry.
        batches: account codes, batch by batch; each batch is one transaction.
        on_batch: called with the report of each batch once it is committed.

    The other arguments are those of `CaptureOrder`.

    Raises:
        PastDateRefused: `expected_day` is not today.
        ClockProblem: the machine's clock was set meanwhile, or the warehouse's shows another date.
        UsageProblem: the connection, the registry or the warehouse cannot be used.
        psycopg.Error: the warehouse refused a batch; nothing of it is kept.
    """
    _collect_garbage_rarely()
    platform = registry.platforms[platform_name]
    order = CaptureOrder(
        platform,
        registry,
        connection,
        source_of(platform, connection),
        run_clock_of(connection),
        warehouse_url,
        settings,
        run_id,
        try_number,
        expected_day,
        on_demand,
    )
    reports: list[BatchReport] = []

    def committed(report: BatchReport) -> None:
        reports.append(report)
        on_batch(report)

    PlatformCapture(order).capture(batches, committed)
    return reports


def _collect_garbage_rarely() -> None:
    """Let Python look for cycles less often: what a batch reads has none, and looking took 38 % of its processor time.

    What is loaded already, Airflow above all, is not looked at again.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


class PlatformCapture:
    """Captures batch after batch with one budget, one set of HTTP connections and one session of the warehouse."""

    def __init__(self, order: CaptureOrder) -> None:
        self._order = order
        self._name = order.platform.platform
        self._module = importlib.import_module(f"social_metrics.extract.platforms.{self._name}")
        rules = load_retention_rules(order.settings)
        mode = order.connection.authorization_mode
        self._body_lifetime = rules.rule(self._name, "bodies").lifetime(order.platform)
        self._count_lifetime = rules.rule(self._name, "counts", mode).lifetime(order.platform)
        self._http = HttpPool(order.connection.base_url, order.platform.max_in_flight)
        self._budget: Budgets | None = None
        self._refused: psycopg.Error | None = None

    def capture(self, batches: Iterable[Sequence[str]], on_batch: Callable[[BatchReport], None]) -> None:
        """Capture all of them; see `capture_batches`.

        Raises:
            PastDateRefused: it is another day.
            UsageProblem: the registry or the warehouse cannot be used.
            psycopg.Error: the warehouse refused a batch; the others were captured.
        """
        waiting = deque(batches)
        while waiting:
            with ExitStack() as opened:
                try:
                    self._capture_in(self._session(opened), waiting, on_batch)
                except psycopg.Error as error:  # the session is lost, and with it the hold on the platform
                    self._refuse(waiting, error)
        if self._refused is not None:
            raise self._refused

    def _refuse(self, waiting: deque[Sequence[str]], error: psycopg.Error) -> None:
        logger.warning("The warehouse refused a batch of %s: %s", self._name, error)
        self._refused = self._refused or error
        waiting.popleft()

    def _capture_in(
        self, session: _Session, waiting: deque[Sequence[str]], on_batch: Callable[[BatchReport], None]
    ) -> None:
        """Capture until all are written; a batch leaves `waiting` when it is committed, or refused.

        Raises:
            psycopg.Error: the session cannot be used any more; it was the first batch of `waiting` that noticed.
        """
        ahead = deque(waiting)
        under_way: deque[tuple[_Batch, Future[list[AccountAttempt]]]] = deque()
        stop: psycopg.Error | UsageProblem | None = None
        in_flight = self._order.platform.max_in_flight
        with (
            ThreadPoolExecutor(in_flight, thread_name_prefix=self._name) as callers,
            ThreadPoolExecutor(READ_AHEAD + 1) as readers,
        ):
            while waiting:
                while ahead and stop is None and len(under_way) <= READ_AHEAD:
                    try:
                        batch = self._plan(session, ahead.popleft())
                    except (psycopg.Error, UsageProblem) as error:
                        stop = error
                    else:
                        under_way.append((batch, readers.submit(batch.reader.read, batch.accounts, callers)))
                if stop is not None and not under_way:  # what was read before has been written
                    raise stop
                batch, reading = under_way.popleft()
                attempts = reading.result()
                try:
                    report = self._write(session, batch, attempts)
                except psycopg.Error as error:
                    if session.warehouse.broken or session.warehouse.closed:
                        raise
                    session.warehouse.rollback()
                    self._refuse(waiting, error)
                else:
                    waiting.popleft()
                    on_batch(report)

    def _session(self, opened: ExitStack) -> _Session:
        """Wait for the platform, and look at what is known of it."""
        order, name = self._order, self._name
        warehouse = opened.enter_context(open_connection(order.warehouse_url, "loader"))
        lock_platform(warehouse, name)
        order.clock.refuse_another_date(state.clock_of_warehouse(warehouse))
        now = order.clock.now()
        today = wib_date(now)
        refuse_other_day(order.expected_day, today)
        evening = RunSchedule.of(today, order.settings)
        probing = order.on_demand or now >= evening.last_attempt
        accounts = {account.account_code: account for account in order.registry.accounts_on(name, today)}
        settled = state.complete_accounts(warehouse, name, today, evening.complete_from(now))
        breakers = CircuitBreakers(
            warehouse, order.warehouse_url, order.connection, order.clock, evening.next_chance(now), probing=probing
        )
        # After the breakers: one that another credential has just closed holds no account back any more.
        held = set() if probing else state.backing_off_accounts(warehouse, name, today, now) - settled
        if self._budget is None:  # in a later session what was read and could not be written stays spent
            self._budget = budgets_of(order.platform, order.connection, warehouse, now)
        warehouse.commit()
        ledger = tokens = None
        if is_of_money(order.platform) or is_of_money(order.connection.limits):
            ledger = SpendLedger(order.warehouse_url)
            opened.callback(ledger.close)
        if hasattr(self._module, "refresh"):
            tokens = AccountTokens(order.warehouse_url, cipher(order.settings.credentials_key), order.clock)
            opened.callback(tokens.close)
        return _Session(warehouse, evening, probing, accounts, settled, held, breakers, ledger, tokens, self._budget)

    def _plan(self, session: _Session, account_codes: Sequence[str]) -> _Batch:
        """Look at what is known of a batch's accounts; no transaction stays open while the platform is asked.

        Raises:
            PastDateRefused: midnight has passed since the capture began.
            ClockProblem: the clock was set since the capture began.
            UsageProblem: an account is not one to ask this platform for.
        """
        order, warehouse = self._order, session.warehouse
        order.clock.refuse_if_set()
        now = order.clock.now()
        refuse_other_day(session.evening.day, wib_date(now))
        wanted = set(account_codes)
        expected = [session.accounts[code] for code in account_codes if code in session.accounts]
        refuse_demo_accounts(expected, order.source)
        not_now = session.settled | session.held
        accounts = [one for one in expected if one.account_code not in not_now]
        states = state.posts_states(warehouse, [account.account_code for account in accounts])
        due: dict[str, tuple[str, ...]] = {}
        if accounts and (ages := affordable_ages(order.platform, order.connection, warehouse, now)):
            due = state.posts_due_for_rereading(warehouse, list(states), ages, now)
        warehouse.commit()
        recorder = Recorder(order.run_id, order.try_number, order.source, self._body_lifetime)
        recorder.spend_at_once = session.ledger.write if session.ledger else None
        client = ApiClient(
            self._module.RULES,
            order.connection,
            order.clock,
            recorder,
            session.budget,
            gate=session.breakers,
            http=self._http,
            timeout_seconds=order.settings.http_timeout_seconds,
            attempts=order.settings.http_attempts,
            max_wait_seconds=order.settings.http_max_wait_seconds,
        )
        if session.tokens is not None:
            client.tokens = session.tokens.renewed_by(lambda refresh_token: self._module.refresh(client, refresh_token))
        return _Batch(
            now,
            accounts,
            len(session.settled & wanted),
            len(session.held & wanted),
            client,
            recorder,
            BatchReader(order.platform, self._module, client, states, due, now),
        )

    def _write(self, session: _Session, batch: _Batch, attempts: Sequence[AccountAttempt]) -> BatchReport:
        """Commit everything that a batch read, or nothing of it.

        Raises:
            ClockProblem: the clock was set meanwhile, so that the dates of what was read may be wrong.
            psycopg.Error: the warehouse refused.
        """
        self._order.clock.refuse_if_set()
        order, warehouse = self._order, session.warehouse
        outcomes: dict[str, int] = {}
        inserted: dict[str, int] = {}
        withdrawn: list[str] = []
        if attempts:
            known = state.known_posts(warehouse, *expected_posts(attempts))
            records = batch_records(
                attempts,
                batch.recorder,
                order.platform,
                order.connection.authorization_mode,
                known,
                count_lifetime=self._count_lifetime,
                is_last_attempt=batch.now >= session.evening.last_attempt,
            )
            record_run(warehouse, order.run_id, code_version(), batch.now)
            inserted = load(warehouse, records)
            withdrawn = sorted(batch.client.withdrawn | withheld_from_all(attempts))
            state.record_withdrawn_metrics(warehouse, self._name, withdrawn, batch.now)
            warehouse.commit()
            outcomes = dict(Counter(outcome.outcome.value for outcome in records.outcomes))
        return BatchReport(
            self._name,
            session.evening.day,
            batch.complete_before,
            outcomes,
            len(batch.recorder.responses),
            inserted,
            batch.waiting,
            tuple(withdrawn),
        )
