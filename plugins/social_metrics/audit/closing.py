"""The process of a close: a draft by the service, then maker, checker and approver, each with their own login.

Each step is one transaction; a crash leaves the step before. The service seals: a draft with its own transaction, a
person's step right after it (`seal_now`) or with the day.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from social_metrics.audit.access import access_of_month
from social_metrics.audit.chain import RAW_ALTERED, walk_chain
from social_metrics.audit.month_exceptions import store_exceptions
from social_metrics.audit.recompute import rebuild, refuse_stale_marts, rows_of_month, scratch, with_column_types
from social_metrics.audit.record import (
    COLUMNS,
    Close,
    broken_digests,
    close_digest,
    exceptions_digest,
    latest_close,
    scorecard_digest,
    status_of,
    steps_of,
)
from social_metrics.audit.release_rules import unshipped
from social_metrics.audit.rules import MARTS_OF_A_MONTH, Rule, inputs_digest, rules_in_force
from social_metrics.audit.seals import FIRST_LINK, last_seal, seal_days, sealing
from social_metrics.code_version import code_version
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.transform.seed_versions import note_seed_versions
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.locks import marts_lock

INDICATOR_SHEET_VERSION = "1"
"""Of the indicator sheet in docs/audit.md; a change of a definition there is a new version here."""

Action = Literal["submitted", "checked", "approved", "refused"]
Channel = Literal["command_line", "airflow"]

_COMES_AFTER: dict[Action, tuple[str, ...]] = {
    "submitted": ("draft",),
    "checked": ("submitted",),
    "approved": ("checked",),
    "refused": ("submitted", "checked"),
}

_RETENTION_BASIS = """
select coalesce(jsonb_object_agg(platform, jsonb_build_object(
    'count_retention_days', days, 'accounts_by_authorization', accounts, 'basis', basis)), '{{}}')
from (
    select platform, max(count_retention_days) as days, jsonb_object_agg(authorization_mode, accounts) as accounts,
        -- Without an authorisation only public counts are read, and they expire.
        case
            when bool_and(authorization_mode = 'owner') then 'owner'
            when bool_and(authorization_mode in ('owner', 'amendment')) then 'amendment'
            else 'none'
        end as basis
    from (
        select s.platform, s.authorization_mode, count(distinct s.account_code) as accounts,
            max(p.count_retention_days)::integer as count_retention_days
        from {snapshots} as s left join {platforms} as p on p.platform = s.platform
        where (s.captured_at at time zone 'Asia/Jakarta')::date >= %(first)s
            and (s.captured_at at time zone 'Asia/Jakarta')::date < (%(first)s + interval '1 month')::date
        group by 1, 2
    ) as modes
    group by platform
) as platforms
"""


class RecordAltered(UsageProblem):
    """The version differs from its draft and may not be signed."""


class _Unchanged(Exception):
    """The new draft equals the version before; it is rolled back."""


def draft_close(
    settings: Settings,
    service_url: str,
    month_start: date,
    *,
    retention_as_of: datetime | None = None,
) -> Close:
    """Draft a month: seal the evidence, compute the month from it, and store both with the rules.

    Args:
        settings: where the dbt project and the registry are.
        service_url: postgresql://… of the service login; nobody else stores rules and figures of a close.
        month_start: first day of the month.
        retention_as_of: UTC instant at which retention is judged; None means now, by the database's clock.

    Returns:
        the new version; the present one when nothing has changed.

    Raises:
        UsageProblem: the month is not over, is with checker or approver, was approved and would change now, or the
            marts are older than the evidence, or the project's rules are not those of its release.
    """
    with marts_lock(service_url, "recorder"):
        rules = rules_in_force(settings, service_url)
        release, unknown = unshipped((rule for rule in rules if rule.kind == "model"), code_version())
        if unknown:
            raise UsageProblem(
                f"The SQL of {', '.join(rule.name for rule in unknown)} is not that of release {release}, so the close "
                "would never verify. Install the release again, or record your own: make rule-digests."
            )
        with connect(service_url, "recorder") as connection, sealing(connection):
            note_seed_versions(connection, settings)
            latest = latest_close(connection, month_start)
            status = status_of(steps_of(connection, latest)) if latest else "none"
            if status in ("submitted", "checked"):
                raise UsageProblem(
                    f"{_name(latest)} is {status}: it waits for the next person. Refuse it first to draft it again."
                )
            before = latest if status in ("draft", "approved") else None
            try:
                with connection.transaction():
                    drafted = _draft(connection, rules, month_start, latest, retention_as_of)
                    if before and drafted.content == before.content:
                        raise _Unchanged
            except _Unchanged:
                return before or drafted
            if status == "approved":
                raise UsageProblem(
                    f"{_name(latest)} is approved, and today's evidence and rules give other figures: "
                    "social-metrics verify lists them. A closed figure changes by a correction only (--action correct)."
                )
            return drafted


def act(
    connection: psycopg.Connection,
    month_start: date,
    action: Action,
    *,
    person: str | None = None,
    channel: Channel = "command_line",
    reason: str | None = None,
    response_id: UUID | None = None,
) -> Close:
    """Take the newest version one step further, as the person whom the connection (or Airflow) has authenticated.

    Args:
        connection: the person's own, as the role closer, no transaction open.
        month_start: first day of the month.
        action: the step.
        person: whom Airflow authenticated; None is the login of the connection.
        channel: where the person was authenticated.
        reason: why; a refusal needs one.
        response_id: of the answer in Airflow's own record (`audit.airflow_responses`).

    Raises:
        RecordAltered: a digest of the version does not hold.
        UsageProblem: there is no draft, the step is not due, or the person may not take it.
    """
    with connection.transaction():
        close = latest_close(connection, month_start)
        if close is None:
            raise UsageProblem(f"{month_start:%Y-%m} has no draft. Make one: social-metrics close --month …")
        steps = steps_of(connection, close)
        status = status_of(steps)
        if status not in _COMES_AFTER[action]:
            raise UsageProblem(f"{_name(close)} is {status}; it cannot be {action} now.")
        broken = broken_digests(connection, close)
        if broken:
            raise RecordAltered(
                f"{_name(close)}: {', '.join(broken)} was altered and may not be signed. Run social-metrics verify."
            )
        login = next(iter(connection.execute("select session_user")))[0]
        person = person or login
        people: dict[str, Any] = {step.action: step.person for step in steps}
        try:
            with connection.transaction():
                connection.execute(
                    "insert into audit.approvals (month_start, version, action, person, maker, checker, approver, "
                    "reason, channel, login, response_id) "
                    "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, session_user, %s)",
                    (
                        month_start,
                        close.version,
                        action,
                        person,
                        person if action == "submitted" else people["submitted"],
                        {"checked": person, "approved": people.get("checked")}.get(action),
                        person if action == "approved" else None,
                        reason,
                        channel,
                        response_id,
                    ),
                )
        except psycopg.errors.CheckViolation as error:
            raise UsageProblem(_refusal(error, person)) from error
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name == "approvals_response_id_key":
                raise UsageProblem("This answer in Airflow was recorded as another step already.") from error
            # Another person took the step at the same moment.
            raise UsageProblem(f"{_name(close)} is {action}; it cannot be {action} now.") from error
    return close


def seal_now(service_url: str) -> None:
    """Seal what no seal covers yet; after a person's step.

    Args:
        service_url: postgresql://… of the service login.
    """
    with connect(service_url, "recorder") as connection, sealing(connection):
        seal_days(connection)


def _refusal(error: psycopg.errors.CheckViolation, person: str) -> str:
    return {
        "maker_checker_approver_differ": f"{person} has signed this version already: maker, checker and approver are "
        "three persons. Another person takes this step, with their own login.",
        "nobody_refuses_what_is_their_own": f"{person} has submitted this version; checker or approver refuse it.",
        "a_refusal_has_a_reason": "A refusal needs its reason: add --reason.",
        "person_is_written_in_latin": f"{person!r} has letters that are not Latin, and the record compares Latin ones.",
    }.get(error.diag.constraint_name or "", f"The record does not take this step: {error.diag.message_primary}.")


def _draft(
    connection: psycopg.Connection,
    rules: list[Rule],
    month_start: date,
    latest: Close | None,
    retention_as_of: datetime | None,
) -> Close:
    seal_days(connection)
    seal = last_seal(connection)
    if seal is None:
        raise UsageProblem("raw holds no evidence yet, so there is nothing to close.")
    retention_as_of = retention_as_of or next(iter(connection.execute("select now()")))[0]
    _refuse_altered(connection, month_start, retention_as_of)
    typed = with_column_types(connection, rules)
    rebuild(connection, typed, through_seal=None, retention_as_of=retention_as_of)
    _refuse_unfinished(connection, month_start)
    refuse_stale_marts(connection, month_start)
    version = latest.version + 1 if latest else 1
    captured = sql.SQL(
        "select min(captured_at), max(captured_at) from {} "
        "where captured_at >= %(first)s::timestamp at time zone 'Asia/Jakarta' "
        "and captured_at < (%(first)s + interval '1 month')::timestamp at time zone 'Asia/Jakarta'"
    ).format(scratch("raw.profile_snapshots"))
    totals = sql.SQL(
        "select sum(account_days_expected)::integer, sum(account_days_captured)::integer, "
        "string_agg(distinct score_weights_version::text, ', '), "
        "coalesce(array_agg(distinct source) filter (where source is not null), '{{}}') from {} where month_start = %s"
    ).format(scratch("marts.fct_center_monthly"))
    first_captured, last_captured = next(iter(connection.execute(captured, {"first": month_start})))
    expected, read, weights, sources = next(iter(connection.execute(totals, (month_start,))))
    basis = sql.SQL(_RETENTION_BASIS).format(
        snapshots=scratch("raw.profile_snapshots"), platforms=scratch("seeds.platforms")
    )
    drafted_at, drafted_by = next(iter(connection.execute("select clock_timestamp(), session_user")))
    close = Close(
        month_start=month_start,
        version=version,
        drafted_at=drafted_at,
        drafted_by=drafted_by,
        seal_no=seal.seal_no,
        seal_sha256=seal.sha256,
        previous_close_sha256=_previous_digest(connection),
        code_version=code_version(),
        retention_as_of=retention_as_of,
        first_captured_at=first_captured,
        last_captured_at=last_captured,
        account_days_expected=expected or 0,
        account_days_captured=read or 0,
        retention_basis=next(iter(connection.execute(basis, {"first": month_start})))[0],
        access_list=access_of_month(connection, month_start),
        score_weights_version=weights,
        indicator_sheet_version=INDICATOR_SHEET_VERSION,
        sources=sources,
        scorecard_sha256="",
        exceptions_sha256="",
        inputs_sha256=inputs_digest(typed),
        sha256="",
    )
    return _store(connection, close, typed)


def _store(connection: psycopg.Connection, close: Close, rules: list[Rule]) -> Close:
    key = (close.month_start, close.version)
    # The parts point at the close, which names their digests: it is written last, and checked at the end.
    connection.execute("set constraints all deferred")
    with connection.cursor() as cursor:
        for mart in MARTS_OF_A_MONTH:
            rows = rows_of_month(connection, mart, close.month_start, scratch(f"marts.{mart}"))
            with cursor.copy(
                "copy audit.scorecard_rows (month_start, version, mart, row_key, center_code, account_code, figures) "
                "from stdin"
            ) as copy:
                for row_key, (center, account, figures) in rows.items():
                    copy.write_row((*key, mart, row_key, center, account, Jsonb(figures)))
        cursor.executemany(
            "insert into audit.close_inputs "
            "(month_start, version, kind, name, place, content, column_types, materialized, sha256) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (*key, rule.kind, rule.name, place, rule.content, types, rule.materialized, rule.sha256)
                for place, rule in enumerate(rules)
                for types in [Jsonb(rule.column_types) if rule.column_types else None]
            ],
        )
    store_exceptions(connection, *key)
    close = replace(
        close,
        scorecard_sha256=scorecard_digest(connection, *key),
        exceptions_sha256=exceptions_digest(connection, *key),
    )
    close = replace(close, sha256=close_digest(connection, close))
    values = [getattr(close, name) for name in COLUMNS]
    connection.execute(
        sql.SQL("insert into audit.closes ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS))
        ),
        [
            Jsonb(value) if name in ("retention_basis", "access_list") else value
            for name, value in zip(COLUMNS, values, strict=True)
        ],
    )
    seal_days(connection)
    return close


def _refuse_altered(connection: psycopg.Connection, month_start: date, now: datetime) -> None:
    """Refuse evidence, of the month or of the days from which its growth starts, that is not as it was sealed."""
    seals = connection.execute("select seal_no, through_date from audit.seals").fetchall()
    sealed_through: dict[int, date] = dict(seals)
    reach = month_start - timedelta(days=40)
    altered = [
        finding
        for finding in walk_chain(connection, now).findings
        if finding.kind == RAW_ALTERED and sealed_through.get(finding.seal_no or 0, month_start) >= reach
    ]
    if altered:
        raise UsageProblem(
            f"{month_start:%Y-%m} rests on evidence that is not as it was sealed: {altered[0].place}: "
            f"{altered[0].message} ({len(altered)} rows). `social-metrics verify` on an earlier month lists all."
        )


def _refuse_unfinished(connection: psycopg.Connection, month_start: date) -> None:
    statement = sql.SQL("select count(*), bool_or(is_provisional) from {} where month_start = %s")
    centers, is_provisional = next(
        iter(connection.execute(statement.format(scratch("marts.fct_center_monthly")), (month_start,)))
    )
    if not centers:
        raise UsageProblem(f"{month_start:%Y-%m} has no figures: no evidence of that month was captured.")
    if is_provisional:
        raise UsageProblem(
            f"{month_start:%Y-%m} is not over: its last day is the newest one captured. "
            "Close it after the first run of the next month was captured and transformed."
        )


def _previous_digest(connection: psycopg.Connection) -> str:
    row = connection.execute("select sha256 from audit.closes order by drafted_at desc limit 1").fetchone()
    return str(row[0]) if row else FIRST_LINK


def _name(close: Close | None) -> str:
    return f"{close.month_start:%Y-%m} version {close.version}" if close else "The month"
