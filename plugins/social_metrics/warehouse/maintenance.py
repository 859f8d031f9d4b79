"""Maintenance of the warehouse: partitions of coming months, emptied partitions, vacuum and statistics."""

import logging
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg import sql

from social_metrics.clock import wib_date
from social_metrics.warehouse.connect import connect

MONTHS_AHEAD = 3
"""Months after the present one that have partitions; a capture creates a missing one, but waits for its lock."""

NOTICE_DAYS = 7

logger = logging.getLogger(__name__)


def make_months(url: str, now: datetime, ahead: int = MONTHS_AHEAD) -> int:
    """Create raw's missing partitions from this WIB month on, and return their number."""
    months = [datetime(day.year, day.month, 15, tzinfo=UTC) for day in _months(wib_date(now), ahead)]
    with connect(url, "loader") as connection:
        row = connection.execute("select ops.ensure_month_partitions(%s::timestamptz[])", (months,)).fetchone()
    return int(row[0]) if row else 0


def missing_partitions(connection: psycopg.Connection, now: datetime) -> list[str]:
    """Missing partitions of the month in NOTICE_DAYS; none for a warehouse without partitions."""
    month = f"{wib_date(now + timedelta(days=NOTICE_DAYS)):%Y%m}"
    rows = connection.execute(
        """
        select parent.relname || '_' || %(month)s
        from pg_class as parent
        where parent.relnamespace = 'raw'::regnamespace and parent.relkind = 'p'
            and exists (select from pg_inherits where inhparent = parent.oid)
            and not exists (
                select from pg_inherits
                inner join pg_class as child on child.oid = inhrelid
                where inhparent = parent.oid and child.relname = parent.relname || '_' || %(month)s
            )
        order by 1
        """,
        {"month": month},
    ).fetchall()
    return [str(row[0]) for row in rows]


def drop_emptied_months(url: str, now: datetime) -> list[str]:
    """Drop emptied partitions of bodies and captions, at the earliest four months after their month began."""
    with connect(url, "retention") as connection:
        row = connection.execute("select ops.drop_emptied_months(%s)", (now,)).fetchone()
    return list(row[0]) if row else []


def vacuum_tables(url: str) -> int:
    """Vacuum and analyze the evidence and the marts; return the number of tables.

    An incremental build leaves dead rows in a table's newest pages and old statistics. Unchanged pages are skipped by
    the visibility map.
    """
    with connect(url, "loader") as connection:
        connection.execute("select ops.count_evidence()")
    with connect(url, "transformer") as connection:
        connection.autocommit = True
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('intermediate', 'marts') "
            "and pg_has_role(current_user, tableowner, 'usage') order by 1, 2"
        ).fetchall()
        for schema, table in tables:
            connection.execute(sql.SQL("vacuum (analyze, skip_locked) {}").format(sql.Identifier(schema, table)))
    logger.info("%d tables vacuumed and analyzed", len(tables))
    return len(tables)


def _months(day: date, ahead: int) -> list[date]:
    number = day.year * 12 + day.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number, number + ahead + 1)]
