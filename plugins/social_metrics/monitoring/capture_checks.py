"""Checks of the captures: connections, credentials, accounts not read, platforms and budgets."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import psycopg

from social_metrics.clock import WIB, wib_date, wib_day_start, wib_instant
from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection, platform_conn_id
from social_metrics.extract.credentials.endpoint import source_of
from social_metrics.extract.credentials.token_store import cipher
from social_metrics.extract.limits.budget import budget_day_start, budget_month_start, month_forecast
from social_metrics.extract.limits.circuit_breakers import open_breakers
from social_metrics.extract.limits.spend_limits import Limits
from social_metrics.extract.on_demand import is_past_cutoff
from social_metrics.extract.platforms import rotates_tokens
from social_metrics.extract.state import SpentToday, spent_since
from social_metrics.monitoring.completeness import UnreadAccount, completeness_of
from social_metrics.monitoring.findings import Alert, AlertKind, CheckResult, Verdict, shortened
from social_metrics.monitoring.situation import Situation
from social_metrics.publish.page.formats import long_date, long_time
from social_metrics.registry.next_steps import load_next_steps
from social_metrics.registry.registry import Platform

RETRY = "social-metrics capture --missing"
BY_HAND = "social-metrics entry template --out entries.xlsx"
WARN_DAYS = (2, 7, 14, 30)
BUDGET_SHARE = 0.9
NAMED_IN_ALERTS, NAMED_IN_DOCTOR = 10, 4
OWN_TOKEN = (Outcome.TOKEN_EXPIRED, Outcome.CONSENT_REVOKED)


def connections(at: Situation, _warehouse: psycopg.Connection | None) -> Iterator[CheckResult | Alert]:
    """Each platform with accounts to read has a connection, and it leads where it should."""
    for name, platform in at.registry.platforms.items():
        if not at.registry.accounts_on(name, at.day):
            message = f"{platform.platform_label}: no account to read by API, so no connection is needed"
            yield CheckResult("connections", Verdict.NOTE, message)
            continue
        try:
            connection = at.connection_of(name)
            source = source_of(platform, connection)
        except UsageProblem as problem:
            next_step = f"correct the connection {platform_conn_id(name)} (docs/configuration.md), then {RETRY}"
            yield Alert(AlertKind.CONNECTION_BROKEN, name, str(problem), next_step)
            continue
        message = f"{platform.platform_label}: {connection.base_url} ({source})"
        yield CheckResult("connections", Verdict.GOOD, message)


def tokens(at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """The key of the rotating tokens is set, and each account that needs a token has one."""
    accounts = [
        account.account_code
        for account in at.registry.verified_on(at.day)
        if account.capture_path == "api" and rotates_tokens(account.platform)
    ]
    if not accounts:
        yield CheckResult("tokens", Verdict.NOTE, "no verified account needs a rotating token")
        return
    try:
        cipher(at.settings.credentials_key)
    except UsageProblem as problem:
        yield CheckResult("tokens", Verdict.FINDING, str(problem), "set SOCIAL_METRICS_CREDENTIALS_KEY")
        return
    rows = warehouse.execute("select account_code from ops.credentials").fetchall()
    if missing := sorted(set(accounts) - {code for (code,) in rows}):
        message = f"{len(missing)} of {len(accounts)} accounts have no token: {shortened(missing, NAMED_IN_DOCTOR)}"
        yield CheckResult("tokens", Verdict.FINDING, message, "ask the accounts' owners to authorise the application")
    else:
        message = f"the key is set; all {len(accounts)} accounts have a token"
        yield CheckResult("tokens", Verdict.GOOD, message)


def refused_credentials(at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """No platform refuses its credential, which concerns all its accounts, or an account's own token."""
    for breaker in open_breakers(warehouse):
        if breaker.credential and Outcome(breaker.outcome) in (*OWN_TOKEN, Outcome.PERMISSION_MISSING):
            codes = [account.account_code for account in at.registry.accounts_on(breaker.platform, at.day)]
            renew = "renew the connection's secret"
            yield _refused(at, breaker.platform, breaker.credential, codes, breaker.detail, renew)
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
        yield _refused(at, platform, "accounts", codes, accounts[0][1], f"social-metrics connect {platform} {each}")


def _refused(at: Situation, platform: str, subject: str, codes: list[str], detail: str, renew: str) -> Alert:
    label = at.registry.platforms[platform].platform_label if platform in at.registry.platforms else platform
    message = (
        f"{label} refuses a credential ({detail}). {len(codes)} accounts are not read: {', '.join(codes)}. "
        f"{at.minutes_left} minutes are left today ({at.day}, WIB)."
    )
    next_step = f"{renew}, then {RETRY}. If that cannot be done today: a screenshot of each count now, and {BY_HAND}"
    return Alert(AlertKind.CREDENTIAL_FAILED, f"{platform}/{subject}", message, next_step)


def expiring_credentials(at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """No authorisation ends within 30 days; an alert at 30, 14, 7 and 2 days."""
    rows = warehouse.execute(
        "select account_code, platform, refresh_expires_at from ops.credentials where refresh_expires_at is not null"
    ).fetchall()
    for code, platform, ends_at in rows:
        account = at.registry.account_on(code, at.day)
        center = account.center_code if account else None
        yield from _expiring(at, code, ends_at, f"social-metrics connect {platform} {code}", center)
    for name in at.registry.platforms:
        connection = _usable_connection(at, name)
        if connection and connection.expires_at:
            next_step = f"renew the secret of the connection {platform_conn_id(name)}"
            yield from _expiring(at, name, connection.expires_at, next_step, None)


def _expiring(at: Situation, subject: str, ends_at: datetime, next_step: str, center: str | None) -> Iterator[Alert]:
    left = (wib_date(ends_at) - at.day).days
    stage = next((days for days in WARN_DAYS if left <= days), None)
    if stage is not None:
        message = f"The authorisation of {subject} ends on {wib_date(ends_at)}: {max(left, 0)} days left."
        yield Alert(AlertKind.CREDENTIAL_EXPIRING, f"{subject}/{stage}", message, next_step, center)


def _usable_connection(at: Situation, platform: str) -> PlatformConnection | None:
    """The connection of a platform with accounts; None where there is none: the check of connections reports it."""
    try:
        return at.connection_of(platform) if at.registry.accounts_on(platform, at.day) else None
    except UsageProblem:
        return None


def last_captures(at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """When each platform was read last."""
    rows = warehouse.execute(
        "select platform, max(captured_at) from raw.profile_snapshots group by platform order by platform"
    ).fetchall()
    for name, instant in rows:
        label = at.registry.platforms[name].platform_label if name in at.registry.platforms else name
        message = f"{label}: last captured {long_time(instant, WIB, 'WIB', 'en')}"
        yield CheckResult("captures", Verdict.GOOD, message)


def gaps(at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """The accounts that were not read today, by platform and outcome; those of yesterday before today's run."""
    next_steps = load_next_steps(at.settings)
    day = completeness_of(warehouse, at.registry, at.day, next_steps=next_steps)
    can_retry = not is_past_cutoff(at.now, at.settings)
    if not day.was_tried and can_retry:
        can_retry = False
        day = completeness_of(warehouse, at.registry, at.day - timedelta(days=1), next_steps=next_steps)
    read = day.expected - len(day.unread)
    message = f"{long_date(day.day, 'en')}: {read} of {day.expected} accounts were read"
    yield CheckResult("captures", Verdict.GOOD, message)
    by_reason: dict[tuple[str, Outcome], list[UnreadAccount]] = defaultdict(list)
    for account in day.unread:
        by_reason[account.platform, account.outcome].append(account)
    for (name, outcome), accounts in sorted(by_reason.items()):
        codes = [account.account_code for account in accounts]
        plural = "" if len(codes) == 1 else "s"
        message = (
            f"{at.registry.platforms[name].platform_label}, {_reason(outcome, is_over=not can_retry)}: "
            f"{len(codes)} account{plural} ({shortened(codes, NAMED_IN_DOCTOR)})"
        )
        next_step = accounts[0].next_step
        if outcome is Outcome.NOT_ATTEMPTED:
            next_step = RETRY if can_retry else "none: the day stays a gap; the next run reads the accounts again"
        yield CheckResult("captures", Verdict.FINDING, message, next_step)


def late(at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """Every account is read by the deadline."""
    if at.now < wib_instant(at.day, at.settings.alert_deadline):
        return
    day = completeness_of(warehouse, at.registry, at.day)
    if day.unread:
        message = (
            f"{len(day.unread)} of {day.expected} accounts are not read yet on {at.day} "
            f"{_reasons_and_names(day.unread, is_over=False)}. {at.minutes_left} minutes are left."
        )
        next_step = f"{RETRY}; what stays unread: a screenshot before midnight WIB, and {BY_HAND}"
        yield Alert(AlertKind.EVENING_LATE, str(at.day), message, next_step)


def missed(at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """Every account was read yesterday; nothing can be read for that date any more."""
    date_day = at.day - timedelta(days=1)
    first = warehouse.execute("select min(attempted_at) from raw.capture_outcomes").fetchone()
    if not first or first[0] is None or wib_date(first[0]) > date_day:
        return
    if unread := completeness_of(warehouse, at.registry, date_day).unread:
        message = f"{date_day} is over: {len(unread)} accounts were missed {_reasons_and_names(unread, is_over=True)}."
        next_step = f"if a screenshot was taken on that day: {BY_HAND}; otherwise the day stays a gap"
        yield Alert(AlertKind.DAY_MISSED, str(date_day), message, next_step)


def _reasons_and_names(unread: Sequence[UnreadAccount], *, is_over: bool) -> str:
    counts = Counter(_reason(account.outcome, is_over=is_over) for account in unread)
    reasons = ", ".join(f"{number} {reason}" for reason, number in counts.most_common())
    return f"({reasons}): {shortened([account.account_code for account in unread], NAMED_IN_ALERTS)}"


def _reason(outcome: Outcome, *, is_over: bool) -> str:
    return "missed" if outcome is Outcome.NOT_ATTEMPTED and is_over else outcome.replace("_", " ")


def unavailable_platforms(_at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """Every platform answers."""
    for breaker in open_breakers(warehouse):
        if not breaker.credential:
            until = f"{breaker.open_until.astimezone(WIB):%d %b %H:%M} WIB"
            message = f"{breaker.platform} does not answer ({breaker.detail}); it is not called before {until}."
            next_step = "look at its status page; the retry runs go on"
            yield Alert(AlertKind.PLATFORM_DOWN, breaker.platform, message, next_step)


def withdrawn_metrics(at: Situation, warehouse: psycopg.Connection) -> Iterator[Alert]:
    """No platform has stopped to report a metric for all accounts."""
    rows = warehouse.execute(
        "select platform, metric, first_seen_at from ops.withdrawn_metrics where last_seen_at >= %s",
        (wib_day_start(at.day - timedelta(days=1)),),
    ).fetchall()
    for platform, metric, first in rows:
        message = f"{platform} no longer gives {metric}, for any account, since {wib_date(first)}."
        path = f"plugins/social_metrics/extract/platforms/{platform}.py"
        next_step = f"read the platform's changelog; then change {path}"
        yield Alert(AlertKind.METRIC_WITHDRAWN, f"{platform}/{metric}", message, next_step)


class _Budget(NamedTuple):
    """Limits of a platform, or of its credential."""

    subject: str
    label: str
    limits: Limits
    credential: str | None
    next_step: str


def budgets(at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult | Alert]:
    """No budget of a platform or of its credential is nearly spent; what is spent, and the month's forecast."""
    for platform in at.registry.platforms.values():
        is_used = False
        for budget in _budgets_of(at, platform):
            day, month = (
                spent_since(warehouse, platform.platform, start, budget.credential)
                for start in (budget_day_start(platform, at.now), budget_month_start(platform, at.now))
            )
            forecast = month_forecast(platform, month.usd, at.now)
            is_used = is_used or bool(month.calls)
            if is_used:
                spent = _spending(budget.limits, day, month, forecast) if month.calls else "nothing this month"
                yield CheckResult("budgets", Verdict.GOOD, f"{budget.label}: {spent}")
            if short := _shortage(budget.limits, day, month, forecast):
                yield Alert(AlertKind.BUDGET_SHORT, budget.subject, f"{budget.label}: {short}.", budget.next_step)


def _budgets_of(at: Situation, platform: Platform) -> Iterator[_Budget]:
    name, label = platform.platform, platform.platform_label
    next_step = "raise the limit in platforms.csv, or accept the gaps; older posts are re-read less already"
    yield _Budget(name, label, platform, None, next_step)
    connection = _usable_connection(at, name)
    if connection and connection.limits:
        own = connection.credential_name
        next_step = f"raise the limit in the extra of {platform_conn_id(name)}, or accept the gaps"
        yield _Budget(f"{name}/{own}", f"{label}, its credential {own}", connection.limits, own, next_step)


def _spending(limits: Limits, day: SpentToday, month: SpentToday, forecast: Decimal | None) -> str:
    text = f"{day.calls}{f' of {limits.daily_call_limit}' if limits.daily_call_limit else ''} calls today"
    if day.quota_units:
        text += f", {day.quota_units} of {limits.daily_quota_limit or 'unlimited'} quota units"
    if month.usd:
        heading = f", heading for {forecast}" if forecast is not None else ""
        text += f", US$ {month.usd:.2f} of {limits.monthly_usd_limit or 'unlimited'} this month{heading}"
    return text


def _shortage(limits: Limits, day: SpentToday, month: SpentToday, forecast: Decimal | None) -> str:
    """What is nearly spent, and a forecast beyond the limit; '' if neither applies."""
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
    if forecast is not None and limits.monthly_usd_limit is not None and forecast > limits.monthly_usd_limit:
        short.append(f"the month is heading for {forecast} of {limits.monthly_usd_limit} US$")
    return "; ".join(short)
