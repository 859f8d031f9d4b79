"""client → platform → raw loader, for one shard of accounts, now.

Every account of the shard ends with an outcome, whatever happens to the others; everything the shard read
is written in one transaction.
"""

import gc
import importlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from social_metrics.api_client import ApiClient, Recorder
from social_metrics.budget import Budget, affordable_rereads, budget_day_start, budget_month_start
from social_metrics.clock import Clock, SimulatedClock, SystemClock, wib_date
from social_metrics.code_version import code_version
from social_metrics.connections import PlatformConnection
from social_metrics.contract import FollowersState, Outcome, Source
from social_metrics.evening_times import EveningTimes
from social_metrics.readings import (
    Account,
    CaptureFailure,
    PostListing,
    ProfileReading,
    ReadWindow,
)
from social_metrics.records import AccountAttempt, shard_records
from social_metrics.registry import DEMO_HANDLE_PREFIX, Platform, Registry
from social_metrics.retention_rules import load_retention_rules
from social_metrics.settings import Settings, UsageProblem
from social_metrics.warehouse import capture_state
from social_metrics.warehouse.circuit_breakers import CircuitBreakers
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.credentials import AccountTokens, cipher
from social_metrics.warehouse.locks import capture_lock
from social_metrics.warehouse.raw_loader import SpendLedger, load, record_run

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

GARBAGE_THRESHOLD = 100_000
"""New objects after which Python looks for unreachable cycles while a shard is read."""


class PastDateRefused(UsageProblem):
    """A capture was asked for under a date that is not today."""


@dataclass(frozen=True)
class ShardReport:
    """What one shard's capture did.

    Args:
        platform: its name.
        day: the WIB date that the capture belongs to.
        settled_before: accounts of which nothing was left to ask.
        waiting: accounts that are not to be asked yet, because the platform named a later time.
        outcomes: outcome -> number of accounts, for those asked now.
        calls: HTTP responses received.
        inserted: table -> rows newly written.
    """

    platform: str
    day: date
    settled_before: int
    outcomes: dict[str, int]
    calls: int
    inserted: dict[str, int]
    waiting: int = 0
    withdrawn: tuple[str, ...] = ()  # metrics that the platform no longer gives anybody


def capture_shard(
    platform_name: str,
    account_codes: Sequence[str],
    *,
    run_id: str,
    try_number: int,
    registry: Registry,
    connection: PlatformConnection,
    warehouse_url: str,
    settings: Settings,
    expected_day: date | None = None,
    on_demand: bool = False,
) -> ShardReport:
    """Read the accounts of one shard that are not settled today, and write what was read.

    One capture of a platform runs at a time; a second one waits, and then asks for what the first left.

    Args:
        platform_name: a platform of the registry.
        account_codes: the shard.
        run_id: who asks: an Airflow run id, or a name that the CLI makes.
        try_number: 1 for the first try of this run.
        registry: the registry in force.
        connection: the platform's credential and address.
        warehouse_url: postgresql://… of the service login.
        settings: timeouts, tries, the credentials' key.
        expected_day: the WIB date that the caller believes it is; another date is refused.
        on_demand: a person asks: circuit breakers and waiting times do not hold back.

    Raises:
        PastDateRefused: `expected_day` is not today.
        UsageProblem: the connection, the registry or the warehouse cannot be used.
    """
    _collect_garbage_rarely()
    with capture_lock(warehouse_url, platform_name):
        platform = registry.platforms[platform_name]
        source = source_of(platform, connection)
        clock = clock_of(connection)
        now = clock.now()
        today = wib_date(now)
        refuse_other_day(expected_day, today)
        evening = EveningTimes.of(today, settings)
        is_last = now >= evening.last_attempt
        probing = on_demand or is_last
        wanted = set(account_codes)
        accounts = [account for account in registry.accounts_on(platform_name, today) if account.account_code in wanted]
        _refuse_demo_accounts(accounts, source)
        module = importlib.import_module(f"social_metrics.platforms.{platform_name}")
        rules = load_retention_rules(settings)
        with connect(warehouse_url, "loader") as warehouse:
            settled = capture_state.settled_accounts(warehouse, platform_name, today, evening.settled_since(now))
            breakers = CircuitBreakers(warehouse_url, connection, clock, evening.next_chance(now), probing=probing)
            held = set() if probing else capture_state.waiting_accounts(warehouse, platform_name, today, now) - settled
            accounts = [account for account in accounts if account.account_code not in settled | held]
            waiting = len(held & wanted)
            if not accounts:
                return ShardReport(platform_name, today, len(settled & wanted), {}, 0, {}, waiting)
            budget_day = budget_day_start(platform, now)
            spent = capture_state.spent_since(warehouse, platform_name, budget_day)
            month_usd = capture_state.spent_since(warehouse, platform_name, budget_month_start(platform, now)).usd
            states = capture_state.posts_states(warehouse, [account.account_code for account in accounts])
            ages = affordable_rereads(platform, month_usd, now)
            due = capture_state.posts_due_for_rereading(warehouse, list(states), ages, now) if ages else {}
            warehouse.commit()  # no transaction stays open while the platform is asked

            body_lifetime = rules.rule(platform_name, "bodies").lifetime(platform)
            count_lifetime = rules.rule(platform_name, "counts", connection.authorization_mode).lifetime(platform)
            recorder = Recorder(run_id, try_number, source, body_lifetime)
            costs_money = platform.daily_usd_limit is not None or platform.monthly_usd_limit is not None
            ledger = SpendLedger(warehouse_url) if costs_money else None
            recorder.spend_at_once = ledger.write if ledger else None
            client = ApiClient(
                module.RULES,
                connection,
                clock,
                recorder,
                Budget(platform, spent.calls, spent.quota_units, spent.usd, month_usd, budget_day + timedelta(days=1)),
                gate=breakers,
                timeout_seconds=settings.http_timeout_seconds,
                attempts=settings.http_attempts,
                max_wait_seconds=settings.http_max_wait_seconds,
            )
            if hasattr(module, "refresh"):
                tokens = AccountTokens(
                    warehouse_url,
                    cipher(settings.credentials_key),
                    clock,
                    lambda refresh_token: module.refresh(client, refresh_token),
                )
                client.tokens = tokens
            else:
                tokens = None
            try:
                attempts = _Shard(platform, module, client, states, due, now).read(accounts)
            finally:
                for opened in (tokens, ledger):
                    if opened:
                        opened.close()
            known = capture_state.known_posts(warehouse, *_expected_posts(attempts))
            mode = connection.authorization_mode
            records = shard_records(
                attempts, recorder, platform, mode, known, count_lifetime=count_lifetime, is_last_attempt=is_last
            )
            record_run(warehouse, run_id, code_version(), now)
            inserted = load(warehouse, records)
            withdrawn = sorted(client.withdrawn | _withheld_from_all(attempts))
            capture_state.note_withdrawn(warehouse, platform_name, withdrawn, now)
        return ShardReport(
            platform_name,
            today,
            len(settled & wanted),
            dict(Counter(outcome.outcome.value for outcome in records.outcomes)),
            len(recorder.responses),
            inserted,
            waiting,
            tuple(withdrawn),
        )


def _collect_garbage_rarely() -> None:
    """Let Python look for cycles less often: what a shard reads has none, and looking took 38 % of its processor time.

    What is loaded already, Airflow above all, is not looked at again.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def refuse_other_day(expected: date | None, today: date) -> None:
    """Refuse to read under another date than today's.

    Raises:
        PastDateRefused: with the reason, since no platform tells yesterday's follower count.
    """
    if expected is not None and expected != today:
        raise PastDateRefused(
            f"This run belongs to {expected} (WIB), and today is {today}. A follower count read now is today's; "
            f"it is never written under another date, so {expected} stays as it is: captured then, or a visible gap. "
            "To read what is still missing today, run `social-metrics capture --missing`."
        )


def clock_of(connection: PlatformConnection) -> Clock:
    """The clock that a capture through this connection carries: the system's, or the simulator's where it says so.

    Raises:
        UsageProblem: a simulated clock is set for an address that is not the simulator's.
    """
    if not connection.simulated_clock:
        return SystemClock()
    try:
        return SimulatedClock(connection.base_url)
    except ValueError as error:
        raise UsageProblem(str(error)) from error


def source_of(platform: Platform, connection: PlatformConnection) -> Source:
    """Where a connection leads: to the platform's own hosts, over TLS, or to the simulator.

    Raises:
        UsageProblem: it leads anywhere else, or a simulated clock is set for a real platform.
    """
    parts = urlsplit(connection.base_url)
    host = parts.hostname
    if host in platform.allowed_api_hosts:
        if (parts.scheme, parts.port, parts.username, parts.path) != ("https", None, None, ""):
            raise UsageProblem(
                f"The connection of {platform.platform_label} points at {parts.scheme}://{host} in another way than "
                f"https://{host}. The credential goes over TLS to that host only; correct the host."
            )
        if connection.simulated_clock:
            raise UsageProblem(
                f"The connection of {platform.platform_label} points at {host} and has simulated_clock set. "
                "A capture from a real platform carries the time at which it was made; take simulated_clock out."
            )
        return Source.API
    try:
        SimulatedClock(connection.base_url)
    except ValueError as error:
        allowed = ", ".join(platform.allowed_api_hosts)
        raise UsageProblem(
            f"The connection of {platform.platform_label} points at {host}, which is neither the simulator nor one "
            f"of its hosts ({allowed}). Correct the host. ({error})"
        ) from error
    return Source.SIMULATOR


def _refuse_demo_accounts(accounts: Iterable[Account], source: Source) -> None:
    for account in accounts:
        if source is Source.API and (account.handle or "").startswith(DEMO_HANDLE_PREFIX):
            raise UsageProblem(
                f"{account.account_code} has the demo's handle {account.handle}, but the connection points at the real "
                "platform. Set SOCIAL_METRICS_REGISTRY_DIR to the production registry."
            )


class _Shard:
    """Reads the accounts of one shard: profiles in batches, then the posts of those whose profile came."""

    def __init__(
        self,
        platform: Platform,
        module: ModuleType,
        client: ApiClient,
        states: dict[str, capture_state.PostsState],
        due: dict[str, tuple[str, ...]],
        now: datetime,
    ) -> None:
        self._platform = platform
        self._module = module
        self._client = client
        self._states = states
        self._due = due
        self._now = now
        self._refused: CaptureFailure | None = None  # concerns everyone: the credential, the budget, the platform

    def read(self, accounts: Sequence[Account]) -> list[AccountAttempt]:
        """One attempt per account, in the order given."""
        size = self._module.RULES.batch_size
        batches = [accounts[start : start + size] for start in range(0, len(accounts), size)]
        with ThreadPoolExecutor(self._platform.max_in_flight, thread_name_prefix=self._platform.platform) as pool:
            profiles: dict[str, ProfileReading | CaptureFailure] = {}
            for read in pool.map(self._read_batch, batches):
                profiles.update(read)
            return list(pool.map(lambda account: self._attempt(account, profiles[account.account_code]), accounts))

    def _read_batch(self, batch: Sequence[Account]) -> dict[str, ProfileReading | CaptureFailure]:
        read = self._guarded(lambda: self._module.read_profiles(self._client, batch))
        if isinstance(read, CaptureFailure):
            return {account.account_code: read for account in batch}
        for account in batch:
            read.setdefault(
                account.account_code,
                CaptureFailure(Outcome.INVALID_RESPONSE, "the platform's answer left this account out"),
            )
        return dict(read)

    def _attempt(self, account: Account, profile: ProfileReading | CaptureFailure) -> AccountAttempt:
        attempt_id, attempted_at = uuid4(), self._client.clock.now()
        if isinstance(profile, ProfileReading) and _is_somebody_else(account, profile):
            profile = CaptureFailure(
                Outcome.IDENTITY_MISMATCH,
                f"the handle {account.handle} now belongs to the platform id {profile.platform_account_id}, "
                f"not to {account.platform_account_id}",
                response_id=profile.response_id,
            )
        if isinstance(profile, CaptureFailure):
            return AccountAttempt(attempt_id, account, attempted_at, profile, None)
        return AccountAttempt(attempt_id, account, attempted_at, profile, self._read_posts(account, profile))

    def _read_posts(self, account: Account, profile: ProfileReading) -> PostListing | CaptureFailure | None:
        """The listing, why there is none, or None when the platform's post count says that nothing moved."""
        state = self._states[account.account_code]
        reread = self._due.get(account.account_code, ())
        if state.last_listed_at is not None and not reread:
            same_count = profile.posts_count is not None and profile.posts_count == state.posts_count_then
            # By dates: one evening is read some minutes earlier than the one before, and is a day later all the same.
            days = (wib_date(self._now) - wib_date(state.last_listed_at)).days
            if same_count and days < self._platform.full_sweep_days:
                return None
        first_read = self._now - timedelta(days=capture_state.FIRST_READ_DAYS)
        since = (state.last_listed_at or first_read) - timedelta(days=self._platform.lookback_days)
        window = ReadWindow(since, state.newest_post_id, reread)
        return self._guarded(lambda: self._module.read_posts(self._client, account, profile, window))

    def _guarded(self, ask: Callable[[], Answer]) -> Answer | CaptureFailure:
        """The answer, or the failure that takes its place: one account's trouble must not end the shard."""
        if self._refused is not None:
            return self._refused
        try:
            return ask()
        except CaptureFailure as failure:
            if failure.for_all:
                self._refused = failure
            return failure
        except (psycopg.Error, UsageProblem) as error:  # breakers, tokens, ledger: no fault of the platform's
            logger.warning("The warehouse failed while %s was read: %s", self._platform.platform, error)
            return CaptureFailure(
                Outcome.NOT_ATTEMPTED, f"our own warehouse did not answer meanwhile ({type(error).__name__})"
            )
        except Exception as error:
            logger.exception(
                "Reading %s failed in a way that its platform file does not foresee", self._platform.platform
            )
            return CaptureFailure(
                Outcome.INVALID_RESPONSE,
                f"the answer could not be understood ({type(error).__name__}); the task's log has the place",
            )


def _is_somebody_else(account: Account, profile: ProfileReading) -> bool:
    return (
        account.platform_account_id is not None
        and profile.platform_account_id is not None
        and account.platform_account_id != profile.platform_account_id
    )


def _withheld_from_all(attempts: Sequence[AccountAttempt]) -> set[str]:
    """The follower metric, where several profiles came and not one of them has it: then it was withdrawn."""
    profiles = [attempt.profile for attempt in attempts if isinstance(attempt.profile, ProfileReading)]
    if len(profiles) < 2 or any(profile.followers_state is not FollowersState.NOT_AVAILABLE for profile in profiles):
        return set()
    return {profile.metric_definition_id for profile in profiles}


def _expected_posts(
    attempts: Iterable[AccountAttempt],
) -> tuple[dict[str, datetime], dict[str, tuple[str, ...]]]:
    """From when each account's listing was complete, and which posts it was asked for by id and lacks."""
    floors: dict[str, datetime] = {}
    gone: dict[str, tuple[str, ...]] = {}
    for attempt in attempts:
        if isinstance(attempt.posts, PostListing):
            if attempt.posts.complete_since is not None:
                floors[attempt.account.account_code] = attempt.posts.complete_since
            if attempt.posts.gone:
                gone[attempt.account.account_code] = attempt.posts.gone
    return floors, gone
