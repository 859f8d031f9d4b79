"""What `social-metrics doctor` looks at. Each check says what it found and, if need be, what mends it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import psycopg

from social_metrics.clock import WIB, SystemClock, wib_date
from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract import state
from social_metrics.extract.credentials.connections import PlatformConnection, platform_conn_id, platform_connection
from social_metrics.extract.credentials.endpoint import source_of
from social_metrics.extract.credentials.token_store import cipher
from social_metrics.extract.limits.budget import budget_day_start, budget_month_start, month_forecast
from social_metrics.extract.limits.spend_limits import Limits
from social_metrics.extract.platforms import rotates_tokens
from social_metrics.marts.leaderboards import read_marts
from social_metrics.monitoring import capture_overview
from social_metrics.monitoring.completeness import UnreadAccount, evening_of, is_over, now_of
from social_metrics.monitoring.kinds import AlertKind
from social_metrics.monitoring.situation import situation_of
from social_metrics.monitoring.watch import find_troubles
from social_metrics.publish.page.formats import long_date, long_time
from social_metrics.registry.registry import Platform, Registry, RegistryProblem, load_registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import Role, connect

ROLES: tuple[Role, ...] = ("loader", "transformer", "bi_reader")
NAMED_AT_MOST = 4
SWEEP = "social-metrics capture --missing"
TRANSFORM = "social-metrics transform"


class Verdict(StrEnum):
    """How a check ended; a note is no finding: nothing has to be done."""

    GOOD = "good"
    NOTE = "note"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's answer: what was looked at, what was found, what mends it."""

    area: str
    verdict: Verdict
    says: str
    mend: str | None = None


def check_registry(settings: Settings) -> tuple[Registry | None, list[Check]]:
    """The seeds: can they be used, and is there an account to read?"""
    try:
        registry = load_registry(settings.registry_dir)
    except RegistryProblem as problem:
        mend = f"correct the line in {settings.registry_dir}"
        return None, [Check("registry", Verdict.FINDING, fault, mend) for fault in problem.problems]
    verified = sum(account.status == "verified" for account in registry.accounts)
    says = (
        f"{len(registry.centers)} centers, {len(registry.platforms)} platforms, "
        f"{len(registry.accounts)} accounts, {verified} of them verified"
    )
    if not verified:
        mend = f"fill in id and handle, and write 'verified', in {settings.registry_dir}/center_accounts.csv"
        return registry, [Check("registry", Verdict.FINDING, f"{says}: a capture reads nothing", mend)]
    return registry, [Check("registry", Verdict.GOOD, says)]


def check_warehouse(url: str) -> list[Check]:
    """Reachable, migrated, and its roles usable by this login."""
    # Alembic and SQLAlchemy take a second to import; only who asks for them waits.
    from social_metrics.warehouse import migrate

    for role in ROLES:
        try:
            with connect(url, role):
                pass
        except UsageProblem as problem:
            return [Check("warehouse", Verdict.FINDING, str(problem), "see the sentence")]
    pending = migrate.pending(url)
    if pending:
        says = f"migrations are pending: {', '.join(pending)}"
        return [Check("warehouse", Verdict.FINDING, says, "social-metrics migrate")]
    return [Check("warehouse", Verdict.GOOD, f"answers, is migrated, and its roles ({', '.join(ROLES)}) can be used")]


def check_connections(registry: Registry) -> tuple[list[PlatformConnection], list[Check]]:
    """Per platform with a verified account: is there a connection, and does it lead where it should?"""
    connections, checks = [], []
    for name, platform in registry.platforms.items():
        if not any(account.platform == name and account.status == "verified" for account in registry.accounts):
            says = f"{platform.platform_label}: no verified account, so no connection is needed"
            checks.append(Check("connections", Verdict.NOTE, says))
            continue
        try:
            connection = platform_connection(name)
            source = source_of(platform, connection)
        except UsageProblem as problem:
            mend = f"set AIRFLOW_CONN_{platform_conn_id(name).upper()}, see docs/configuration.md"
            checks.append(Check("connections", Verdict.FINDING, str(problem), mend))
            continue
        connections.append(connection)
        says = f"{platform.platform_label}: {connection.base_url} ({source})"
        checks.append(Check("connections", Verdict.GOOD, says))
    return connections, checks


def check_tokens(registry: Registry, settings: Settings, loader: psycopg.Connection) -> list[Check]:
    """The key of the rotating tokens, and a token for every account that needs one."""
    accounts = [
        account.account_code
        for account in registry.accounts
        if account.status == "verified" and account.capture_path == "api" and rotates_tokens(account.platform)
    ]
    if not accounts:
        return [Check("tokens", Verdict.NOTE, "no verified account needs a rotating token")]
    try:
        cipher(settings.credentials_key)
    except UsageProblem as problem:
        return [Check("tokens", Verdict.FINDING, str(problem), "set SOCIAL_METRICS_CREDENTIALS_KEY")]
    lacking = sorted(set(accounts) - capture_overview.accounts_with_tokens(loader, accounts))
    if lacking:
        says = f"{len(lacking)} of {len(accounts)} accounts have no token: {_some(lacking)}"
        return [Check("tokens", Verdict.FINDING, says, "ask the accounts' owners to authorise the application")]
    return [Check("tokens", Verdict.GOOD, f"the key is set; all {len(accounts)} accounts have a token")]


def check_captures(
    registry: Registry, settings: Settings, loader: psycopg.Connection, connections: list[PlatformConnection]
) -> list[Check]:
    """The last capture per platform, and the gaps of the day by reason."""
    last = capture_overview.last_captures(loader)
    checks = []
    for name, instant in sorted(last.items()):
        label = registry.platforms[name].platform_label if name in registry.platforms else name
        checks.append(Check("captures", Verdict.GOOD, f"{label}: last captured {_wib(instant)}"))
    return checks + list(_gaps(registry, settings, loader, _now(connections)))


def check_budgets(registry: Registry, loader: psycopg.Connection, connections: list[PlatformConnection]) -> list[Check]:
    """What was spent this month, and where it is heading: of each platform, and of each credential with limits."""
    now = _now(connections)
    limited = {connection.platform: connection for connection in connections if connection.limits}
    checks = []
    for name, line in registry.platforms.items():
        says = _spending(loader, line, line, None, now)
        if says:
            checks.append(Check("budgets", Verdict.GOOD, f"{line.platform_label}: {says}"))
        if name in limited and says:
            own = limited[name].credential_name
            says = _spending(loader, line, limited[name].limits, own, now) or "nothing this month"
            checks.append(Check("budgets", Verdict.GOOD, f"{line.platform_label}, its credential {own}: {says}"))
    return checks


def _spending(
    loader: psycopg.Connection, platform: Platform, limits: Limits, credential: str | None, now: datetime
) -> str:
    day = state.spent_since(loader, platform.platform, budget_day_start(platform, now), credential)
    month = state.spent_since(loader, platform.platform, budget_month_start(platform, now), credential)
    if not month.calls:
        return ""
    says = f"{day.calls}{f' of {limits.daily_call_limit}' if limits.daily_call_limit else ''} calls today"
    if day.quota_units:
        says += f", {day.quota_units} of {limits.daily_quota_limit or 'unlimited'} quota units"
    if month.usd:
        forecast = month_forecast(platform, month.usd, now)
        heading = f", heading for {forecast}" if forecast is not None else ""
        says += f", US$ {month.usd:.2f} of {limits.monthly_usd_limit or 'unlimited'} this month{heading}"
    return says


# What the other checks say already, with more about it.
_SAID_ELSEWHERE = frozenset(
    {AlertKind.CONNECTION_BROKEN, AlertKind.MIGRATIONS_PENDING, AlertKind.REVIEW_DUE, AlertKind.TRANSFORM_FAILED}
    | {AlertKind.MARTS_STALE, AlertKind.EVENING_LATE, AlertKind.DAY_MISSED}
)


def check_health(registry: Registry, settings: Settings, url: str) -> list[Check]:
    """What `watch_health` would tell, beyond the other checks."""
    try:
        troubles = find_troubles(situation_of(registry, settings, url))
    except UsageProblem:
        return []  # the connection's own check has said that the simulator is silent
    found = [
        Check("health", Verdict.FINDING, trouble.says, trouble.mend)
        for trouble in troubles
        if trouble.kind not in _SAID_ELSEWHERE
    ]
    return found or [Check("health", Verdict.GOOD, "credentials, budgets, disk and clocks are well")]


def check_marts(url: str, loader: psycopg.Connection) -> list[Check]:
    """Are there boards, and are they as new as the last capture?"""
    try:
        with read_marts(url) as marts:
            first, newest = marts.dates()
    except UsageProblem as problem:
        return [Check("marts", Verdict.FINDING, str(problem), TRANSFORM)]
    captures = capture_overview.last_captures(loader).values()
    captured = wib_date(max(captures)) if captures else newest
    if newest < captured:
        says = f"the boards end on {long_date(newest, 'en')}, the captures on {long_date(captured, 'en')}"
        return [Check("marts", Verdict.FINDING, says, TRANSFORM)]
    return [Check("marts", Verdict.GOOD, f"boards of {long_date(first, 'en')} to {long_date(newest, 'en')}")]


def check_last_transform(url: str) -> list[Check]:
    """Did every node of the last dbt invocation succeed?"""
    with connect(url, "transformer") as connection:
        rows = connection.execute(
            """
            select unique_id, status, message from ops.dbt_results
            where status in ('error', 'fail', 'runtime error') and invocation_id = (
                select invocation_id from ops.dbt_results order by finished_at desc limit 1)
            order by unique_id
            """
        ).fetchall()
    return [
        Check("transform", Verdict.FINDING, f"{node}: {status}{f', {message}' if message else ''}", TRANSFORM)
        for node, status, message in rows
    ]


def _gaps(registry: Registry, settings: Settings, loader: psycopg.Connection, now: datetime) -> Iterator[Check]:
    is_over_today = is_over(now, settings)
    evening = evening_of(loader, registry, wib_date(now))
    can_sweep = not is_over_today
    if not evening.was_tried and can_sweep:
        # This evening has not begun: yesterday is the day to look at.
        can_sweep = False
        evening = evening_of(loader, registry, wib_date(now) - timedelta(days=1))
    read = evening.expected - len(evening.unread)
    says = f"{long_date(evening.day, 'en')}: {read} of {evening.expected} accounts were read"
    yield Check("captures", Verdict.GOOD, says)
    gaps: dict[tuple[str, Outcome], list[UnreadAccount]] = defaultdict(list)
    for account in evening.unread:
        gaps[account.platform, account.outcome].append(account)
    for (name, outcome), accounts in sorted(gaps.items()):
        codes = [account.account_code for account in accounts]
        reason = "missed" if outcome is Outcome.NOT_ATTEMPTED and not can_sweep else outcome.replace("_", " ")
        plural = "" if len(codes) == 1 else "s"
        says = f"{registry.platforms[name].platform_label}, {reason}: {len(codes)} account{plural} ({_some(codes)})"
        if outcome is Outcome.NOT_ATTEMPTED:
            mend: str | None = SWEEP if can_sweep else "the day stays a gap; the next evening reads on"
        else:
            mend = accounts[0].next_step
        yield Check("captures", Verdict.FINDING, says, mend)


def _now(connections: list[PlatformConnection]) -> datetime:
    try:
        return now_of(connections)
    except UsageProblem:
        return SystemClock().now()  # the connection's own check has said that the simulator is silent


def _some(codes: list[str]) -> str:
    more = len(codes) - NAMED_AT_MOST
    return ", ".join(codes[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _wib(instant: datetime) -> str:
    return long_time(instant, WIB, "WIB", "en")
