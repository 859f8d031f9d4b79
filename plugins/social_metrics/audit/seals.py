"""Seals: at the end of each WIB day the rows that no seal covers yet are hashed and chained to the seals before.

The manifests of the seals are the entries of an append-only log (`audit/log/`).

A row belongs to the first seal that covers it. So late evidence has a later seal, which sets it apart from evidence
that was known in time.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby

import psycopg
from psycopg import sql

from social_metrics.audit.access import note_access
from social_metrics.audit.canonical import SealedTable, tables_to_seal
from social_metrics.audit.merkle import EMPTY_ROOT, leaf, merkle_root
from social_metrics.code_version import code_version

SEAL_LOCK = 0x5EA1
"""Key of the advisory lock of sealing: the chain has one end."""

FIRST_LINK = "0" * 64

_UNSEALED = """
insert into pg_temp.unsealed (table_name, row_key, row_sha256, expires_at, event_date)
select {name}, {row_key}, {row_sha256}, {expires_at}, ({event_at} at time zone 'Asia/Jakarta')::date
from {relation}
where not exists (
    select from audit.sealed_rows as sealed where sealed.table_name = {name} and sealed.row_key = {row_key}
)
"""

# Late rows belong to the day sealed last; rows without a date (parts of a close, access lists) to the last day that is
# sealed now: left for the next seal they would look like additions.
_DATED = """(
    select *, greatest(
        coalesce(event_date, least(max(event_date) over (), %(through)s::date)), %(sealed_through)s::date
    ) as through_date
    from pg_temp.unsealed
) as dated"""

_LEAVES = f"""
select through_date, table_name, row_key, row_sha256, expires_at
from {_DATED}
where through_date <= coalesce(%(through)s::date, 'infinity'::date)
order by through_date, table_name collate "C", row_key collate "C"
"""  # noqa: S608

_KEEP_LEAVES = f"""
insert into audit.sealed_rows (table_name, row_key, seal_no, row_sha256, expires_at)
select table_name, row_key, made.seal_no, row_sha256, expires_at
from {_DATED}
join unnest(%(days)s::date[], %(numbers)s::integer[]) as made (day, seal_no) on made.day = dated.through_date
"""  # noqa: S608


@dataclass(frozen=True)
class Seal:
    """One link of the chain, as `audit.seals` holds it; instants are UTC, the digest is in hexadecimal."""

    seal_no: int
    through_date: date
    sealed_at: datetime
    previous_sha256: str
    code_version: str
    sealed_by: str
    sha256: str


def seal_manifest(seal: Seal, tables: dict[str, tuple[int, str]]) -> bytes:
    """The text of a seal: its own members but the digest, and row count and Merkle root of each table."""
    lines = [
        "social-metrics seal",
        str(seal.seal_no),
        seal.through_date.isoformat(),
        seal.sealed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        seal.previous_sha256,
        seal.code_version,
        seal.sealed_by,
        *(f"{name} {count} {root}" for name, (count, root) in sorted(tables.items())),
    ]
    return "\n".join(lines).encode()


def seal_digest(seal: Seal, tables: dict[str, tuple[int, str]]) -> str:
    """The sha256 of a seal's manifest."""
    return hashlib.sha256(seal_manifest(seal, tables)).hexdigest()


@contextmanager
def sealing(connection: psycopg.Connection) -> Iterator[None]:
    """One transaction that may seal, one at a time in this database; it sees one state of all tables.

    All of the block is committed, or nothing.

    Args:
        connection: as the role closer, no transaction open.
    """
    # Locked before the transaction: its snapshot must be younger than the seals of the one before.
    with session_lock(connection, SEAL_LOCK), connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        yield


@contextmanager
def session_lock(connection: psycopg.Connection, key: int) -> Iterator[None]:
    """Hold an advisory lock of this database outside of any transaction.

    Args:
        connection: no transaction open.
        key: of the lock.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_lock(%s)", (key,))
    try:
        yield
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute("select pg_advisory_unlock(%s)", (key,))


def seal_days(connection: psycopg.Connection, through: date | None = None) -> list[Seal]:
    """Seal every row that no seal covers yet, day by day; within `sealing`.

    Args:
        connection: as the role closer, within `sealing`.
        through: last WIB date to seal; None seals every row.

    Returns:
        the new seals in their order; none without new rows.

    Raises:
        UsageProblem: a table cannot be sealed; the text names it.
    """
    connection.execute(
        """
        create temporary table if not exists unsealed (
            table_name text, row_key text, row_sha256 bytea, expires_at timestamptz, event_date date
        ) on commit drop
        """
    )
    connection.execute("truncate pg_temp.unsealed")
    note_access(connection)
    tables = tables_to_seal(connection)
    for table in tables:
        connection.execute(
            sql.SQL(_UNSEALED).format(
                name=sql.Literal(table.name),
                row_key=table.row_key,
                row_sha256=table.row_sha256,
                expires_at=table.expires_at,
                event_at=table.event_at,
                relation=table.relation,
            )
        )
    last = last_seal(connection)
    window = {"sealed_through": last.through_date if last else None, "through": through}
    leaves = connection.execute(_LEAVES, window).fetchall()
    made = []
    for day, of_day in groupby(leaves, key=lambda row: row[0]):
        last = _seal(connection, day, list(of_day), tables, last)
        made.append(last)
    seals = {"days": [seal.through_date for seal in made], "numbers": [seal.seal_no for seal in made]}
    connection.execute(_KEEP_LEAVES, window | seals)
    return made


def last_seal(connection: psycopg.Connection) -> Seal | None:
    """The newest link of the chain; None before the first."""
    row = connection.execute(
        "select seal_no, through_date, sealed_at, previous_sha256, code_version, sealed_by, sha256 "
        "from audit.seals order by seal_no desc limit 1"
    ).fetchone()
    return Seal(*row) if row else None


def _seal(
    connection: psycopg.Connection,
    day: date,
    rows: list[tuple[date, str, str, bytes, datetime | None]],
    tables: list[SealedTable],
    previous: Seal | None,
) -> Seal:
    now, login = next(iter(connection.execute("select clock_timestamp(), session_user")))
    covered = {table.name: (0, EMPTY_ROOT) for table in tables}
    for name, of_table in groupby(rows, key=lambda row: row[1]):
        leaves = [leaf(row_key, row_sha256, expires_at) for _, _, row_key, row_sha256, expires_at in of_table]
        covered[name] = (len(leaves), merkle_root(leaves))
    number = previous.seal_no + 1 if previous else 1
    unsigned = Seal(number, day, now, previous.sha256 if previous else FIRST_LINK, code_version(), login, sha256="")
    seal = replace(unsigned, sha256=seal_digest(unsigned, covered))
    connection.execute(
        "insert into audit.seals (seal_no, through_date, sealed_at, previous_sha256, code_version, sealed_by, sha256) "
        "values (%s, %s, %s, %s, %s, %s, %s)",
        (number, day, now, seal.previous_sha256, seal.code_version, login, seal.sha256),
    )
    statement = "copy audit.sealed_tables (seal_no, table_name, row_count, merkle_root) from stdin"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for name, (count, root) in covered.items():
            copy.write_row((number, name, count, root))
    return seal
