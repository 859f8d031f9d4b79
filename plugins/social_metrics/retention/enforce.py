"""Enforces retention: due content is emptied or deleted in one transaction with the record of the loss.

Evidence is sealed before, so that every hash in a purge is sealed; captions are tagged before, so that the programmes
of a post are still known without them. A second run changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import SealedTable, tables_to_seal
from social_metrics.audit.seals import seal_days, sealing
from social_metrics.errors import UsageProblem
from social_metrics.registry.registry import Registry
from social_metrics.registry.retention_rules import load_retention_rules
from social_metrics.retention.due import TARGETS, Due, Target, find_due
from social_metrics.settings import Settings
from social_metrics.transform.seed_versions import note_seed_versions
from social_metrics.transform.tagging.tagger import tag_captions
from social_metrics.warehouse.connect import connect

RETENTION_LOCK = 0x4E7E
"""Key of the advisory lock of retention: one run at a time."""

REASONS = ("revoked", "expired", "rule_shortened", "post_removed")

_HASHED = """
create temporary table {name} on commit drop as
select due.purge_no, {row_key} as row_key, {row_sha256} as row_sha256
from {relation} join {due} as due on {same_row}
"""

_RECORD = """
insert into ops.purged_rows (purge_no, table_name, row_key, row_sha256, remaining_sha256)
select before.purge_no, {table}, before.row_key, before.row_sha256, {remaining}
from {before} as before {join}
"""

_MARK_TO_REBUILD = """
insert into ops.reopened_days (account_code, as_of_date, cause)
select account_code, min((captured_at at time zone 'Asia/Jakarta')::date), 'retention'
from (select source.account_code, source.captured_at from {relation} as source join {due} as due on {same_row}) as gone
group by account_code
"""


@dataclass(frozen=True)
class RetentionReport:
    """Purged content, or content to purge; `unread` has the reason why captions were left, if they were."""

    items: tuple[Due, ...]
    unread: str | None = None


def plan_retention(settings: Settings, registry: Registry, service_url: str, now: datetime) -> RetentionReport:
    """The content that `enforce_retention` would purge; nothing is changed.

    Args:
        settings: where the rules are.
        registry: the platforms and their periods.
        service_url: postgresql://… of the service login.
        now: the aware instant at which expiry is judged.

    Raises:
        UsageProblem: the rules or the warehouse cannot be used.
    """
    rules = load_retention_rules(settings)
    with connect(service_url, "retention") as connection, connection.transaction(force_rollback=True):
        return RetentionReport(tuple(find_due(connection, rules, registry, now)))


def enforce_retention(settings: Settings, registry: Registry, service_url: str, now: datetime) -> RetentionReport:
    """Purge due content and record it, in one transaction: a crash changes nothing.

    Args:
        settings: where rules and dbt project are.
        registry: the platforms and their periods.
        service_url: postgresql://… of the service login.
        now: the aware instant at which expiry is judged.

    Raises:
        UsageProblem: the rules or the warehouse cannot be used.
    """
    rules = load_retention_rules(settings)
    with connect(service_url, "recorder") as connection, sealing(connection):
        note_seed_versions(connection, settings)  # the periods that a purge names are held against them
        seal_days(connection)
        sealed = {table.name: table for table in tables_to_seal(connection)}
    unread = None
    try:
        tag_captions(settings, service_url)
    except UsageProblem as problem:
        unread = str(problem)  # only captions wait until they can be tagged
    targets = tuple(target for target in TARGETS if unread is None or target.field != "captions")
    with connect(service_url, "retention") as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (RETENTION_LOCK,))
        items = find_due(connection, rules, registry, now, targets)
        for target in targets:
            of_table = [item for item in items if item.table == target.table]
            if of_table:
                _purge(connection, target, sealed[target.table], of_table, now)
    return RetentionReport(tuple(items), unread)


def _purge(
    connection: psycopg.Connection, target: Target, sealed: SealedTable, items: Sequence[Due], now: datetime
) -> None:
    connection.execute(sql.SQL("alter table {} add column purge_no bigint").format(target.due))
    for item in items:
        _number(connection, target, item, now)
    _hash(connection, target, sealed, "before")
    if target.empties:
        connection.execute(
            sql.SQL(_MARK_TO_REBUILD).format(relation=target.relation, due=target.due, same_row=target.same_row)
        )
        _empty(connection, target, now)
        _hash(connection, target, sealed, "after")
        remaining, join = sql.SQL("after.row_sha256"), sql.SQL("join pg_temp.after using (row_key)")
    else:
        statement = sql.SQL("delete from {relation} as source using {due} as due where {same_row}")
        connection.execute(statement.format(relation=target.relation, due=target.due, same_row=target.same_row))
        remaining, join = sql.SQL("null"), sql.SQL("")
    connection.execute(
        sql.SQL(_RECORD).format(
            table=sql.Literal(target.table), remaining=remaining, before=sql.SQL("pg_temp.before"), join=join
        )
    )
    connection.execute("drop table if exists pg_temp.before, pg_temp.after")


def _number(connection: psycopg.Connection, target: Target, item: Due, now: datetime) -> None:
    """Record the purge of one kind of rows, and give them its number."""
    row = connection.execute(
        "insert into ops.purges (as_of, table_name, field, platform, authorization_mode, reason, account_code, source, "
        "row_count) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning purge_no",
        (
            now,
            target.table,
            target.field,
            item.platform,
            item.authorization_mode,
            item.reason,
            item.account_code,
            item.rule,
            item.row_count,
        ),
    )
    connection.execute(
        sql.SQL(
            "update {} set purge_no = %s where (platform, reason, rule) = (%s, %s, %s) "
            "and mode is not distinct from %s and revoked_account is not distinct from %s"
        ).format(target.due),
        (
            next(iter(row))[0],
            item.platform,
            item.reason,
            item.rule,
            item.authorization_mode,
            item.account_code,
        ),
    )


def _hash(connection: psycopg.Connection, target: Target, sealed: SealedTable, name: str) -> None:
    connection.execute(
        sql.SQL(_HASHED).format(
            name=sql.Identifier(name),
            row_key=sealed.row_key,
            row_sha256=sealed.row_sha256,
            relation=sealed.relation,
            due=target.due,
            same_row=target.same_row,
        )
    )


def _empty(connection: psycopg.Connection, target: Target, now: datetime) -> None:
    """Set the columns to NULL, and end the row's period now if it had any left."""
    for columns, reasons in ((target.empties, REASONS), (target.on_revocation, ["revoked"])):
        sets: list[sql.Composable] = [sql.SQL("{} = null").format(sql.Identifier(column)) for column in columns]
        if "followers_count" in columns:
            sets.append(sql.SQL("followers_state = 'retention_expired'"))
        statement = sql.SQL(
            "update {relation} as source set {sets}, expires_at = least(source.expires_at, %s) "
            "from {due} as due where {same_row} and due.reason = any(%s)"
        ).format(relation=target.relation, sets=sql.SQL(", ").join(sets), due=target.due, same_row=target.same_row)
        connection.execute(statement, (now, list(reasons)))
