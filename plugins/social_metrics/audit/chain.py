"""Checks the chain: every seal against its link, every leaf against its root, every row against its leaf."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import SealedTable, tables_to_seal
from social_metrics.audit.losses import PURGED_TABLES, accounts_for, losses_of
from social_metrics.audit.merkle import EMPTY_ROOT, leaf, merkle_root
from social_metrics.audit.seals import FIRST_LINK, Seal, seal_digest

RAW_ALTERED = "raw_altered"
AUDIT_ALTERED = "audit_altered"
LATE = "late"

EMPTY = (0, EMPTY_ROOT)

# Only rows on which table and seals disagree. A row dated after the last seal belongs to the next one.
_DISAGREEING = """
with present as (
    select {row_key} as row_key, {row_sha256} as row_sha256, {expires_at} as expires_at, {event_at} as event_at
    from {relation}
),
sealed as (
    select row_key, row_sha256, expires_at, seal_no from audit.sealed_rows where table_name = {name}
)
select
    coalesce(present.row_key, sealed.row_key), sealed.seal_no, present.row_key is null as is_gone,
    sealed.row_sha256, present.row_sha256, sealed.expires_at, present.event_at
from present
full join sealed on present.row_key = sealed.row_key
where present.row_sha256 is distinct from sealed.row_sha256 or present.expires_at is distinct from sealed.expires_at
order by 1
"""


@dataclass(frozen=True)
class Finding:
    """One place at which the record does not match.

    `kind` is RAW_ALTERED, AUDIT_ALTERED or LATE; `place` names table and row (or seal), `message` says what is wrong.
    """

    kind: str
    place: str
    message: str
    seal_no: int | None = None


@dataclass(frozen=True)
class Walk:
    """The result of a check of the whole chain.

    `purged` counts rows by table that retention has deleted or emptied, with its record in ops.purged_rows: their
    leaves still verify. `unsealed` counts rows by table that are newer than the last seal.
    """

    seals: int
    rows: int
    last: Seal | None
    findings: tuple[Finding, ...]
    purged: dict[str, int] = field(default_factory=dict)
    unsealed: dict[str, int] = field(default_factory=dict)


def walk_chain(connection: psycopg.Connection, now: datetime) -> Walk:
    """Check the chain from its first seal to its last, and compare every row with its leaf.

    Args:
        connection: as the role closer, which may read all of raw.
        now: the aware instant of the check; a purge of a row that had not expired by then is a finding.

    Raises:
        UsageProblem: a table has lost its primary key or its date.
    """
    with connection.transaction():
        return _walk(connection, now)


def _walk(connection: psycopg.Connection, now: datetime) -> Walk:
    seals = [
        Seal(*row)
        for row in connection.execute(
            "select seal_no, through_date, sealed_at, previous_sha256, code_version, sealed_by, sha256 "
            "from audit.seals order by seal_no"
        )
    ]
    stated: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    for seal_no, name, count, root in connection.execute(
        "select seal_no, table_name, row_count, merkle_root from audit.sealed_tables"
    ):
        stated[seal_no][name] = (count, root)
    found = _from_leaves(connection)
    findings = list(_links(seals, stated, found))
    spoiled = {
        (seal.seal_no, name)
        for seal in seals
        for name in stated[seal.seal_no].keys() | found[seal.seal_no].keys()
        if found[seal.seal_no].get(name, EMPTY) != stated[seal.seal_no].get(name, EMPTY)
    }
    purged: dict[str, int] = {}
    unsealed: dict[str, int] = {}
    last = seals[-1] if seals else None
    losses = losses_of(connection)
    for table in tables_to_seal(connection):
        is_record = table.name.startswith("audit.")
        for row in _disagreeing(connection, table):
            key, seal_no, is_gone, sealed_sha256, present_sha256, expires_at, event_at = row
            of_row = losses.pop((table.name, key), ())
            place = f"{table.name} {key}"
            if seal_no is None:
                if any(name == table.name for _, name in spoiled):
                    findings.append(
                        Finding(AUDIT_ALTERED, f"audit.sealed_rows {place}", "the row is there, its leaf was removed")
                    )
                elif last and (event_at is None or event_at <= last.sealed_at):
                    findings.append(
                        Finding(AUDIT_ALTERED, place, "the row was added outside the process")
                        if is_record
                        else Finding(LATE, place, "its day is sealed without the row: it came late, or was added")
                    )
                else:
                    unsealed[table.name] = unsealed.get(table.name, 0) + 1
            elif (seal_no, table.name) in spoiled:
                message = "the leaf does not belong to the root of its seal" + (", and there is no such row" * is_gone)
                findings.append(Finding(AUDIT_ALTERED, f"audit.sealed_rows {place}", message, seal_no))
            elif accounts_for(of_row, sealed_sha256, present_sha256, expires_at, now):
                purged[table.name] = purged.get(table.name, 0) + 1
            else:
                message = "the row was removed" if is_gone else "the row is not the one that was sealed"
                message += ", and no purge accounts for it" * (table.name in PURGED_TABLES)
                findings.append(Finding(AUDIT_ALTERED if is_record else RAW_ALTERED, place, message, seal_no))
    for name, key in losses:
        place = f"ops.purged_rows {name} {key}"
        findings.append(Finding(AUDIT_ALTERED, place, "it records a loss that did not happen"))
    rows = sum(count for tables in found.values() for count, _ in tables.values())
    return Walk(len(seals), rows, last, tuple(findings), purged, unsealed)


def _from_leaves(connection: psycopg.Connection) -> dict[int, dict[str, tuple[int, str]]]:
    """Row count and Merkle root by seal and table, computed from the leaves."""
    found: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    with connection.cursor("leaves") as cursor:
        cursor.itersize = 20_000
        cursor.execute(
            "select seal_no, table_name, row_key, row_sha256, expires_at from audit.sealed_rows "
            'order by seal_no, table_name collate "C", row_key collate "C"'
        )
        for (seal_no, name), rows in groupby(cursor, key=lambda row: (row[0], row[1])):
            leaves = [leaf(*row[2:]) for row in rows]
            found[seal_no][name] = (len(leaves), merkle_root(leaves))
    return found


def _links(
    seals: list[Seal], stated: dict[int, dict[str, tuple[int, str]]], found: dict[int, dict[str, tuple[int, str]]]
) -> Iterable[Finding]:
    previous = FIRST_LINK
    expected_no = 1
    for seal in seals:
        tables, leaves = stated[seal.seal_no], found[seal.seal_no]
        while expected_no < seal.seal_no:
            yield Finding(AUDIT_ALTERED, f"audit.seals {expected_no}", "the seal was removed", expected_no)
            expected_no += 1
            previous = seal.previous_sha256
        expected_no = seal.seal_no + 1
        if seal.previous_sha256 != previous:
            yield Finding(
                AUDIT_ALTERED, f"audit.seals {seal.seal_no}", "it is not chained to the seal before", seal.seal_no
            )
        wrong = [name for name in tables.keys() | leaves.keys() if tables.get(name) != leaves.get(name, EMPTY)]
        digest_holds = seal_digest(seal, tables) == seal.sha256
        if not digest_holds:
            places = [
                f"audit.sealed_tables {seal.seal_no} {name}" for name in wrong or _of_no_rows(seal, tables, stated)
            ]
            place = ", ".join(sorted(places)) or f"audit.seals {seal.seal_no}"
            yield Finding(AUDIT_ALTERED, place, "the digest of the seal is not that of its content", seal.seal_no)
        for name in sorted(wrong) if digest_holds else ():
            place = f"audit.sealed_rows of seal {seal.seal_no}, {name}"
            yield Finding(AUDIT_ALTERED, place, "the leaves do not give the Merkle root of the seal", seal.seal_no)
        previous = seal.sha256
    for seal_no in sorted((stated.keys() | found.keys()) - {seal.seal_no for seal in seals}):
        if seal_no >= expected_no:
            place = f"audit.seals {seal_no}, audit.sealed_tables {seal_no} {', '.join(sorted(stated[seal_no]))}"
            yield Finding(AUDIT_ALTERED, place, "no such seal exists for the tables that it covers", seal_no)


def _of_no_rows(
    seal: Seal, tables: dict[str, tuple[int, str]], stated: dict[int, dict[str, tuple[int, str]]]
) -> list[str]:
    """The table without rows that was added to a seal, removed or renamed, found by undoing it."""
    every = {name for others in stated.values() for name in others}
    for lost in (None, *sorted(every - tables.keys())):
        for added in (None, *sorted(tables)):
            undone = {name: covered for name, covered in tables.items() if name != added}
            if lost:
                undone[lost] = EMPTY
            if seal_digest(seal, undone) == seal.sha256:
                return [name for name in (lost, added) if name]
    return []


def _disagreeing(connection: psycopg.Connection, table: SealedTable) -> list[tuple[Any, ...]]:
    statement = sql.SQL(_DISAGREEING).format(
        row_key=table.row_key,
        row_sha256=table.row_sha256,
        expires_at=table.expires_at,
        event_at=table.event_at,
        relation=table.relation,
        name=sql.Literal(table.name),
    )
    return connection.execute(statement).fetchall()
