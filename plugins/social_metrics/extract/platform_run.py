"""One platform's capture in one process: while one batch is written, the next ones are being read.

One session of the warehouse locks the platform. The same session writes, so that a process that loses the lock cannot
write any more. Each batch is one transaction.
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
from social_metrics.errors import UsageProblem
from social_metrics.extract import state
from social_metrics.extract.batch_reader import AccountAttempt, BatchReader, expected_posts, withheld_from_all
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.endpoint import refuse_demo_accounts, run_clock_of, source_of
from social_metrics.extract.credentials.token_store import AccountTokens, cipher
from social_metrics.extract.http.client import ApiClient, Recorder
from social_metrics.extract.http.connection_pool import HttpPool, ReplyLimits
from social_metrics.extract.limits.budget import Budgets, affordable_ages, budgets_of
from social_metrics.extract.limits.circuit_breakers import CircuitBreakers
from social_metrics.extract.limits.spend_limits import is_of_money
from social_metrics.extract.listing_check import doubts_about
from social_metrics.extract.records import batch_records
from social_metrics.extract.run_clock import refuse_other_day
from social_metrics.extract.schedule import RunSchedule
from social_metrics.registry.account import Account
from social_metrics.registry.next_steps import load_next_steps
from social_metrics.registry.registry import Registry
from social_metrics.registry.retention_rules import load_retention_rules
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import open_connection
from social_metrics.warehouse.loader import SpendLedger, load, record_run
from social_metrics.warehouse.locks import lock_platform

logger = logging.getLogger(__name__)

READ_AHEAD = 2
"""Batches that are read while an earlier one is written: keeps the network busy and memory bounded."""


GARBAGE_THRESHOLD = 100_000
"""New objects after which Python searches for unreachable cycles while a batch is read."""


@dataclass(frozen=True)
class BatchReport:
    """The result of one batch.

    Args:
        platform: its name.
        day: the WIB date that the capture belongs to.
        complete_before: accounts that were complete already.
        backing_off: accounts that are not requested yet, because the platform named a later time.
        outcomes: outcome -> number of accounts, of those requested now.
        calls: HTTP responses received.
        inserted: table -> rows newly written.
    """

    platform: str
    day: date
    complete_before: int
    outcomes: dict[str, int]
    calls: int
    inserted: dict[str, int]
    backing_off: int = 0
    withdrawn: tuple[str, ...] = ()  # metrics that the platform no longer offers for any account


@dataclass(frozen=True)
class _Session:
    """What the batches read under one lock of the platform share."""

    warehouse: psycopg.Connection
    schedule: RunSchedule
    accounts: Mapping[str, Account]  # the day's accounts by code
    complete: set[str]  # before this session, which alone captures the platform
    backing_off: set[str]
    breakers: CircuitBreakers
    ledger: SpendLedger | None
    tokens: AccountTokens | None
    budget: Budgets


@dataclass(frozen=True)
class _Batch:
    """A batch with its state in the warehouse."""

    now: datetime
    accounts: Sequence[Account]  # to be requested now
    complete_before: int
    backing_off: int
    client: ApiClient
    recorder: Recorder
    reader: BatchReader


def capture_batch(platform_name: str, account_codes: Sequence[str], **options: Any) -> BatchReport:
    """`capture_batches` of one batch."""
    (report,) = capture_batches(platform_name, [account_codes], **options)
    return report


def capture_batches(platform_name: str, batches: Iterable[Sequence[str]], **options: Any) -> list[BatchReport]:
    """Capture batches of a platform, each of them account codes; the options are those of `PlatformRun`.

    Raises:
        PastDateRefused, ClockProblem, UsageProblem, psycopg.Error: see `PlatformRun.capture`.
    """
    return PlatformRun(platform_name, **options).capture(batches)


class PlatformRun:
    """Captures batch after batch with one budget, one set of HTTP connections and one session of the warehouse.

    Args:
        platform_name: a platform of the registry.
        run_id, try_number: an Airflow run id or a name from the command line, and 1 for its first try.
        registry: the registry in force.
        connection: the platform's credential and address.
        warehouse_url: postgresql://… of the service login.
        settings: timeouts, tries, the credentials' key.
        expected_day: today's WIB date as the caller knows it; another date is refused.
        on_demand: a person starts the run: circuit breakers and back-off times are ignored.
        on_batch: called with the report of each batch once it is committed.
    """

    def __init__(
        self,
        platform_name: str,
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
    ) -> None:
        # Batches create no cycles, and the search for them took 38 % of the processor time; what is loaded already,
        # Airflow above all, is not searched again.
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        self._name = platform_name
        self._platform = registry.platforms[platform_name]
        self._run_id, self._try_number = run_id, try_number
        self._registry = registry
        self._connection = connection
        self._source = source_of(self._platform, connection)
        self._clock = run_clock_of(connection)
        self._warehouse_url = warehouse_url
        self._settings = settings
        self._expected_day = expected_day
        self._on_demand = on_demand
        self._on_batch = on_batch
        self._reports: list[BatchReport] = []
        self._module = importlib.import_module(f"social_metrics.extract.platforms.{platform_name}")
        rules = load_retention_rules(settings)
        self._next_steps = load_next_steps(settings)
        self._body_lifetime = rules.rule(platform_name, "bodies").lifetime(self._platform)
        mode = connection.authorization_mode
        self._count_lifetime = rules.rule(platform_name, "counts", mode).lifetime(self._platform)
        self._http = HttpPool(connection.base_url, self._platform.max_in_flight, None, ReplyLimits.of(settings))
        self._budget: Budgets | None = None
        self._refused: psycopg.Error | None = None

    def capture(self, batches: Iterable[Sequence[str]]) -> list[BatchReport]:
        """Read the accounts of these batches that are not complete today, and write each batch as soon as it was read.

        One capture of a platform runs at a time; a second one waits for the lock, then reads what the first left. Each
        batch is one transaction. When the warehouse rejects one, the others are captured before its error is raised.

        Raises:
            PastDateRefused: `expected_day` is not today.
            ClockProblem: the machine's clock was set during the run, or the warehouse's shows another date.
            UsageProblem: the connection, the registry or the warehouse cannot be used.
            psycopg.Error: the warehouse rejected a batch; nothing of it is kept.
        """
        unwritten = deque(batches)
        while unwritten:
            with ExitStack() as opened:
                try:
                    self._capture_in(self._session(opened), unwritten)
                except psycopg.Error as error:  # the session is lost, and with it the lock of the platform
                    self._refuse(unwritten, error)
        if self._refused is not None:
            raise self._refused
        return self._reports

    def _refuse(self, unwritten: deque[Sequence[str]], error: psycopg.Error) -> None:
        logger.warning("The warehouse rejected a batch of %s: %s", self._name, error)
        self._refused = self._refused or error
        unwritten.popleft()

    def _capture_in(self, session: _Session, unwritten: deque[Sequence[str]]) -> None:
        """Capture until all are written; a batch leaves `unwritten` when it is committed or rejected.

        Raises:
            psycopg.Error: the session cannot be used any more; the first batch of `unwritten` met the error.
        """
        ahead = deque(unwritten)
        under_way: deque[tuple[_Batch, Future[list[AccountAttempt]]]] = deque()
        stop: psycopg.Error | UsageProblem | None = None
        in_flight = self._platform.max_in_flight
        with (
            ThreadPoolExecutor(in_flight, thread_name_prefix=self._name) as callers,
            ThreadPoolExecutor(READ_AHEAD + 1) as readers,
        ):
            while unwritten:
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
                    self._refuse(unwritten, error)
                else:
                    unwritten.popleft()
                    self._reports.append(report)
                    self._on_batch(report)

    def _session(self, opened: ExitStack) -> _Session:
        """Lock the platform, and load its state."""
        name, url, clock, connection = self._name, self._warehouse_url, self._clock, self._connection
        warehouse = opened.enter_context(open_connection(url, "loader"))
        lock_platform(warehouse, name)
        clock.refuse_another_date(state.clock_of_warehouse(warehouse))
        now = clock.now()
        today = wib_date(now)
        refuse_other_day(self._expected_day, today)
        schedule = RunSchedule.of(today, self._settings)
        probing = self._on_demand or now >= schedule.last_attempt
        accounts = {account.account_code: account for account in self._registry.accounts_on(name, today)}
        complete = state.complete_accounts(warehouse, name, today, schedule.complete_from(now))
        breakers = CircuitBreakers(warehouse, url, connection, clock, schedule.next_chance(now), probing=probing)
        # After the breakers: accounts do not back off because of one that a new credential has just closed.
        backing_off = set() if probing else state.backing_off_accounts(warehouse, name, today, now) - complete
        if self._budget is None:  # in a later session, calls whose results were lost stay spent
            self._budget = budgets_of(self._platform, connection, warehouse, now)
        warehouse.commit()
        ledger = tokens = None
        if is_of_money(self._platform) or is_of_money(connection.limits):
            ledger = SpendLedger(url)
            opened.callback(ledger.close)
        if hasattr(self._module, "refresh"):
            tokens = AccountTokens(url, cipher(self._settings.credentials_key), clock)
            opened.callback(tokens.close)
        return _Session(warehouse, schedule, accounts, complete, backing_off, breakers, ledger, tokens, self._budget)

    def _plan(self, session: _Session, account_codes: Sequence[str]) -> _Batch:
        """Load the state of a batch's accounts; no transaction stays open while the platform is called.

        Raises:
            PastDateRefused: midnight has passed since the capture began.
            ClockProblem: the clock was set since the capture began.
            UsageProblem: an account of the demo would be requested from a real platform.
        """
        clock, platform, warehouse = self._clock, self._platform, session.warehouse
        clock.refuse_if_set()
        now = clock.now()
        refuse_other_day(session.schedule.day, wib_date(now))
        wanted = set(account_codes)
        expected = [session.accounts[code] for code in account_codes if code in session.accounts]
        refuse_demo_accounts(expected, self._source)
        not_now = session.complete | session.backing_off
        accounts = [one for one in expected if one.account_code not in not_now]
        states = state.posts_states(warehouse, [account.account_code for account in accounts])
        if hasattr(self._module, "CHECKS_KNOWN_POSTS"):
            states = state.with_known_posts(warehouse, states, platform.lookback_days, now)
        due: dict[str, tuple[str, ...]] = {}
        if accounts and (ages := affordable_ages(platform, self._connection, warehouse, now)):
            due = state.posts_due_for_rereading(warehouse, list(states), ages, now)
        warehouse.commit()
        recorder = Recorder(self._run_id, self._try_number, self._source, self._body_lifetime)
        recorder.spend_at_once = session.ledger.write if session.ledger else None
        client = ApiClient(
            self._module.RULES,
            self._connection,
            clock,
            recorder,
            session.budget,
            gate=session.breakers,
            http=self._http,
            timeout_seconds=self._settings.http_timeout_seconds,
            attempts=self._settings.http_attempts,
            max_wait_seconds=self._settings.http_max_wait_seconds,
        )
        if session.tokens is not None:
            client.tokens = session.tokens.renewed_by(lambda refresh_token: self._module.refresh(client, refresh_token))
        return _Batch(
            now,
            accounts,
            len(session.complete & wanted),
            len(session.backing_off & wanted),
            client,
            recorder,
            BatchReader(platform, self._module, client, states, due, now),
        )

    def _write(self, session: _Session, batch: _Batch, attempts: Sequence[AccountAttempt]) -> BatchReport:
        """Commit everything that a batch read, or nothing of it.

        Raises:
            ClockProblem: the clock was set during the run, so that dates may be wrong.
            psycopg.Error: the warehouse rejected the batch.
        """
        self._clock.refuse_if_set()
        platform, warehouse = self._platform, session.warehouse
        outcomes: dict[str, int] = {}
        inserted: dict[str, int] = {}
        withdrawn: list[str] = []
        if attempts:
            known = state.known_posts(warehouse, *expected_posts(attempts))
            max_loss = self._settings.listing_max_loss
            doubts = doubts_about(warehouse, attempts, known, session.schedule.day, platform, max_loss)
            records = batch_records(
                attempts,
                batch.recorder,
                platform,
                self._connection.authorization_mode,
                known,
                self._next_steps,
                doubts=doubts,
                count_lifetime=self._count_lifetime,
                is_last_attempt=batch.now >= session.schedule.last_attempt,
            )
            record_run(warehouse, self._run_id, code_version(), batch.now)
            inserted = load(warehouse, records)
            withdrawn = sorted(batch.client.withdrawn | withheld_from_all(attempts))
            state.record_withdrawn_metrics(warehouse, self._name, withdrawn, batch.now)
            warehouse.commit()
            outcomes = dict(Counter(outcome.outcome.value for outcome in records.outcomes))
        return BatchReport(
            self._name,
            session.schedule.day,
            batch.complete_before,
            outcomes,
            len(batch.recorder.responses),
            inserted,
            batch.backing_off,
            tuple(withdrawn),
        )
