"""Looks at everything that may go wrong, and names what does. Nothing is changed and no platform is asked."""

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import requests

from social_metrics.clock import WIB, utc_now, wib_date, wib_day_start, wib_instant
from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract import state
from social_metrics.extract.credentials.endpoint import source_of
from social_metrics.extract.limits.budget import budget_day_start, budget_month_start, month_forecast
from social_metrics.extract.limits.circuit_breakers import open_breakers
from social_metrics.extract.limits.spend_limits import Limits
from social_metrics.monitoring.kinds import AlertKind, Trouble
from social_metrics.monitoring.situation import Situation
from social_metrics.registry.registry import Platform
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.maintenance import missing_partitions

SWEEP = "social-metrics capture --missing"
BY_HAND = "social-metrics entry template --out entries.xlsx"
WARN_DAYS = (2, 7, 14, 30)
BUDGET_SHARE = 0.9
DISK_SHARE = 0.10
MOST_DRIFT = timedelta(seconds=60)
MOST_SILENCE = timedelta(minutes=3)
NAMED_AT_MOST = 10
READ = frozenset({Outcome.CAPTURED, Outcome.CAPTURED_PARTLY, Outcome.BELOW_THRESHOLD})
OWN_TOKEN = (Outcome.TOKEN_EXPIRED, Outcome.CONSENT_REVOKED)


def find_troubles(situation: Situation) -> list[Trouble]:
    """Everything that is wrong now.

    Raises:
        UsageProblem: the warehouse does not answer, so that nothing can be said.
    """
    # Alembic and SQLAlchemy take a second to import; only who asks for them waits.
    from social_metrics.warehouse import migrate

    if pending := migrate.pending(situation.url):
        says = f"The warehouse lacks the migrations {', '.join(pending)}."
        return [Trouble(AlertKind.MIGRATIONS_PENDING, "warehouse", says, "social-metrics migrate")]
    with connect(situation.url, "loader") as warehouse:
        found = [
            *_connections(situation),
            *_credentials(situation, warehouse),
            *_expiring(situation, warehouse),
            *_late(situation, warehouse),
            *_missed(situation, warehouse),
            *_platforms(situation, warehouse),
            *_withdrawn(situation, warehouse),
            *_budgets(situation, warehouse),
            *_reviews(situation),
            *_disk(situation),
            *_drift(situation, warehouse),
            *_transform(situation, warehouse),
            *_partitions(situation, warehouse),
        ]
    return found + list(_scheduler(situation))


def _connections(at: Situation) -> Iterator[Trouble]:
    for name, platform in at.registry.platforms.items():
        if not at.registry.accounts_on(name, at.day):
            continue
        try:
            source_of(platform, at.connection_of(name))
        except UsageProblem as problem:
            yield Trouble(AlertKind.CONNECTION_BROKEN, name, str(problem), "correct the connection, then " + SWEEP)


def _credentials(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    """Refused credentials: a platform's, which concerns all its accounts, or accounts' own tokens."""
    for breaker in open_breakers(warehouse):
        if breaker.credential and Outcome(breaker.outcome) in (*OWN_TOKEN, Outcome.PERMISSION_MISSING):
            codes = [account.account_code for account in at.registry.accounts_on(breaker.platform, at.day)]
            yield _failed(
                at, breaker.platform, breaker.credential, codes, breaker.detail, "renew the connection's secret"
            )
    rows = warehouse.execute(
        """
        select distinct on (o.account_code) o.account_code, o.platform, o.outcome, o.detail
        from raw.capture_outcomes as o
        inner join ops.credentials as own on own.account_code = o.account_code and own.updated_at <= o.attempted_at
        where o.attempted_at >= %s and o.attempted_at < %s
        order by o.account_code, o.attempted_at desc
        """,
        (wib_day_start(at.day), wib_day_start(at.day + timedelta(days=1))),
    ).fetchall()
    by_platform: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for code, platform, outcome, detail in rows:
        if outcome in OWN_TOKEN:
            by_platform[platform].append((code, detail))
    for platform, accounts in by_platform.items():
        codes = [code for code, _ in accounts]
        each = codes[0] if len(codes) == 1 else "ACCOUNT (each of them)"
        yield _failed(at, platform, "accounts", codes, accounts[0][1], f"social-metrics connect {platform} {each}")


def _failed(at: Situation, platform: str, subject: str, codes: list[str], detail: str, renew: str) -> Trouble:
    label = at.registry.platforms[platform].platform_label if platform in at.registry.platforms else platform
    says = (
        f"{label} refuses a credential ({detail}). {len(codes)} accounts are not read: {', '.join(codes)}. "
        f"{at.minutes_left} minutes are left today ({at.day}, WIB)."
    )
    mend = f"{renew}, then {SWEEP}. If that cannot be done today: a screenshot of each count now, and {BY_HAND}"
    return Trouble(AlertKind.CREDENTIAL_FAILED, f"{platform}/{subject}", says, mend)


def _expiring(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    """Tokens that die in 30, 14, 7 or 2 days: told at each of these."""
    ends: list[tuple[str, str, datetime]] = warehouse.execute(
        "select account_code, platform, refresh_expires_at from ops.credentials where refresh_expires_at is not null"
    ).fetchall()
    for code, platform, ends_at in ends:
        yield from _warning(at, code, ends_at, f"social-metrics connect {platform} {code}", code)
    for name in at.registry.platforms:
        if not at.registry.accounts_on(name, at.day):
            continue
        try:
            expires = at.connection_of(name).expires_at
        except UsageProblem:
            continue  # told by itself
        if expires:
            yield from _warning(at, name, expires, f"renew the secret of the connection social_metrics_{name}", None)


def _warning(at: Situation, subject: str, ends_at: datetime, mend: str, account_code: str | None) -> Iterator[Trouble]:
    left = (wib_date(ends_at) - at.day).days
    stage = next((days for days in WARN_DAYS if left <= days), None)
    if stage is not None:
        says = f"The authorisation of {subject} ends on {wib_date(ends_at)}: {max(left, 0)} days left."
        account = at.registry.account_on(account_code, at.day) if account_code else None
        center = account.center_code if account else None
        yield Trouble(AlertKind.CREDENTIAL_EXPIRING, f"{subject}/{stage}", says, mend, center)


def _late(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    """After the deadline there are accounts that nobody has read today."""
    if at.now < wib_instant(at.day, at.settings.alert_deadline):
        return
    unread = _unread(at, warehouse, at.day)
    if unread:
        says = (
            f"{len(unread)} of {len(at.expected(at.day))} accounts are not read yet on {at.day} "
            f"({_reasons(unread)}): {_some(list(unread))}. {at.minutes_left} minutes are left."
        )
        mend = f"{SWEEP}; what stays unread: a screenshot before midnight WIB, and {BY_HAND}"
        yield Trouble(AlertKind.EVENING_LATE, str(at.day), says, mend)


def _missed(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    """Yesterday is over: what was not read then is missed for good, each with its reason."""
    day = at.day - timedelta(days=1)
    first = warehouse.execute("select min(attempted_at) from raw.capture_outcomes").fetchone()
    if not first or first[0] is None or wib_date(first[0]) > day:
        return
    missed = _unread(at, warehouse, day)
    if missed:
        says = f"{day} is closed: {len(missed)} accounts were missed ({_reasons(missed)}): {_some(list(missed))}."
        mend = f"where somebody took a screenshot on that day: {BY_HAND}; otherwise the day stays a gap"
        yield Trouble(AlertKind.DAY_MISSED, str(day), says, mend)


def _platforms(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    for breaker in open_breakers(warehouse):
        if not breaker.credential:
            until = f"{breaker.open_until.astimezone(WIB):%d %b %H:%M} WIB"
            says = f"{breaker.platform} does not answer ({breaker.detail}); nobody asks it before {until}."
            yield Trouble(AlertKind.PLATFORM_DOWN, breaker.platform, says, "look at its status page; the sweeps go on")


def _withdrawn(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    rows = warehouse.execute(
        "select platform, metric, first_seen_at from ops.withdrawn_metrics where last_seen_at >= %s",
        (wib_day_start(at.day - timedelta(days=1)),),
    ).fetchall()
    for platform, metric, first in rows:
        says = f"{platform} no longer gives {metric}, for any account, since {wib_date(first)}."
        mend = f"read the platform's changelog; then change plugins/social_metrics/platforms/{platform}.py"
        yield Trouble(AlertKind.METRIC_WITHDRAWN, f"{platform}/{metric}", says, mend)


def _budgets(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    for name, line in at.registry.platforms.items():
        mend = "raise the limit in platforms.csv, or accept the gaps; older posts are re-read less already"
        if short := _short_of(at, warehouse, line, line, None):
            yield Trouble(AlertKind.BUDGET_SHORT, name, f"{line.platform_label}: {short}.", mend)
        try:
            connection = at.connection_of(name) if at.registry.accounts_on(name, at.day) else None
        except UsageProblem:
            continue  # told by itself
        if connection and connection.limits:
            own = connection.credential_name
            if short := _short_of(at, warehouse, line, connection.limits, own):
                says = f"{line.platform_label}, its credential {own}: {short}."
                mend = f"raise the limit in the extra of social_metrics_{name}, or accept the gaps"
                yield Trouble(AlertKind.BUDGET_SHORT, f"{name}/{own}", says, mend)


def _short_of(
    at: Situation, warehouse: psycopg.Connection, platform: Platform, limits: Limits, credential: str | None
) -> str:
    """What is nearly spent of limits, and what a month is heading for; '' where there is room."""
    day, month = (
        state.spent_since(warehouse, platform.platform, start, credential)
        for start in (budget_day_start(platform, at.now), budget_month_start(platform, at.now))
    )
    short = [
        f"{spent} of {limit} {unit} are spent"
        for spent, limit, unit in (
            (day.calls, limits.daily_call_limit, "calls of the day"),
            (day.quota_units, limits.daily_quota_limit, "quota units of the day"),
            (day.usd, limits.daily_usd_limit, "US$ of the day"),
            (month.usd, limits.monthly_usd_limit, "US$ of the month"),
        )
        if limit is not None and float(spent) >= BUDGET_SHARE * float(limit)
    ]
    forecast = month_forecast(platform, month.usd, at.now)
    if forecast is not None and limits.monthly_usd_limit is not None and forecast > limits.monthly_usd_limit:
        short.append(f"the month is heading for {forecast} of {limits.monthly_usd_limit} US$")
    return "; ".join(short)


def _reviews(at: Situation) -> Iterator[Trouble]:
    by_center: dict[str, list[str]] = defaultdict(list)
    for account in at.registry.verified_on(at.day):
        if account.is_under_review_on(at.day):
            by_center[account.center_code].append(account.account_code)
    for center, codes in sorted(by_center.items()):
        says = f"{center}: {len(codes)} accounts are to be looked at again: {_some(codes)}."
        yield Trouble(AlertKind.REVIEW_DUE, center, says, "social-metrics account verify CODE", center)


def _disk(at: Situation) -> Iterator[Trouble]:
    """The volumes of this machine that we write to; the database server's own is known to nobody but its machine."""
    settings = at.settings
    told = (
        settings.state_dir,
        settings.manual_entry_inbox,
        settings.papers_destination,
        os.environ.get("AIRFLOW_HOME"),
    )
    seen = set()
    for place in (Path(place) for place in told if place and "://" not in str(place)):
        while not place.exists():
            place = place.parent
        if place.stat().st_dev in seen:
            continue
        seen.add(place.stat().st_dev)
        usage = shutil.disk_usage(place)
        if usage.free < DISK_SHARE * usage.total:
            says = f"Only {usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free where {place} lies."
            yield Trouble(AlertKind.DISK_FULL, str(place), says, "free or add space before raw cannot be written")


def _drift(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    drift = abs(state.clock_of_warehouse(warehouse) - utc_now())
    if drift > MOST_DRIFT:
        says = f"The clocks of this machine and of the warehouse differ by {drift.total_seconds():.0f} seconds."
        yield Trouble(
            AlertKind.CLOCK_DRIFT, "warehouse", says, "set both by NTP: a capture carries its date by the clock"
        )


def _transform(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    failed = warehouse.execute(
        """
        select unique_id from ops.dbt_results
        where status in ('error', 'fail', 'runtime error') and invocation_id = (
            select invocation_id from ops.dbt_results order by finished_at desc limit 1)
        order by unique_id
        """
    ).fetchall()
    if failed:
        nodes = _some([str(row[0]) for row in failed])
        says = f"The last transform failed at {nodes}."
        yield Trouble(AlertKind.TRANSFORM_FAILED, "transform", says, "social-metrics transform")
    row = warehouse.execute(
        """
        select max(o.loaded_at), (select max(finished_at) from ops.mart_builds)
        from raw.capture_outcomes as o where o.loaded_at < now() - interval '2 hours'
        """
    ).fetchone()
    loaded, built = row if row else (None, None)
    if loaded is not None and (built is None or built < loaded):
        says = "Captures wait for more than two hours to be transformed: the boards are older than raw."
        yield Trouble(AlertKind.MARTS_STALE, "marts", says, "social-metrics transform")


def _partitions(at: Situation, warehouse: psycopg.Connection) -> Iterator[Trouble]:
    if missing := missing_partitions(warehouse, at.now):
        says = f"The first captures of the coming month will wait for their partitions: {_some(missing)} do not exist."
        yield Trouble(
            AlertKind.PARTITION_MISSING, missing[0][-6:], says, "run the DAG maintain, and see why it did not"
        )


def _scheduler(at: Situation) -> Iterator[Trouble]:
    """Airflow's own word on its scheduler's heartbeat; from another machine it also tells that Airflow is down."""
    address = at.settings.airflow_health_url
    if not address:
        return
    try:
        body = requests.get(address, timeout=10).json()
        beat = datetime.fromisoformat(body["scheduler"]["latest_scheduler_heartbeat"])
        silent = utc_now() - beat
        if silent <= MOST_SILENCE:
            return
        says = f"Airflow's scheduler has been silent for {int(silent.total_seconds() // 60)} minutes."
    except (requests.RequestException, KeyError, TypeError, ValueError) as error:
        says = f"Airflow does not tell its scheduler's heartbeat ({type(error).__name__} at {address})."
    yield Trouble(AlertKind.SCHEDULER_SILENT, "scheduler", says, f"start the scheduler again; meanwhile {SWEEP}")


def _unread(at: Situation, warehouse: psycopg.Connection, day: date) -> dict[str, str]:
    """Account → why it has no reading on a WIB date; accounts that were read are not in it."""
    outcomes = state.best_outcomes(warehouse, day)
    over = day < at.day
    nothing = "missed" if over else Outcome.NOT_ATTEMPTED.value
    return {
        code: outcomes[code].value if code in outcomes else nothing
        for code in at.expected(day)
        if outcomes.get(code) not in READ
    }


def _reasons(unread: dict[str, str]) -> str:
    return ", ".join(
        f"{number} {reason.replace('_', ' ')}" for reason, number in Counter(unread.values()).most_common()
    )


def _some(codes: list[str]) -> str:
    more = len(codes) - NAMED_AT_MOST
    return ", ".join(codes[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
