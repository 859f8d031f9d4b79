"""Sessions of readers that last too long, or hold a lock: they would stop transforms and seals."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg.rows import class_row

SERVER_RIGHTS = Path(__file__).with_name("server_rights.sql")
"""What an administrator runs once in the warehouse's database, so that readers can hold no lock."""

LONGEST = timedelta(minutes=10)
"""A chart's query is cancelled after 30 seconds; an auditor's may take a while."""

READERS = (
    "social_metrics_bi_reader",
    "social_metrics_center_reader",
    "social_metrics_auditor",
    "social_metrics_closer",
)

_TOO_LONG = """
select activity.pid, activity.usename as login,
    case when locks.pid is null then 'a transaction open since ' || to_char(activity.xact_start at time zone 'UTC',
        'YYYY-MM-DD HH24:MI') || ' UTC' else 'a lock of the warehouse' end as reason
from pg_stat_activity as activity
left join (select distinct pid from pg_locks where locktype = 'advisory' and granted) as locks using (pid)
where activity.datname = current_database() and activity.pid <> pg_backend_pid()
    and activity.usesysid <> (select datdba from pg_database where datname = current_database())
    and not (select rolsuper from pg_roles where oid = activity.usesysid)
    and exists (
        select from pg_roles where rolname = any(%(readers)s) and pg_has_role(activity.usesysid, oid, 'member'))
    and (locks.pid is not null or activity.xact_start < now() - %(longest)s)
"""


@dataclass(frozen=True)
class LongSession:
    """A session of a reader, and what it holds."""

    pid: int
    login: str
    reason: str


def end_long_sessions(connection: psycopg.Connection) -> tuple[list[LongSession], bool]:
    """End the sessions of readers that hold a lock, or a transaction for longer than LONGEST.

    Args:
        connection: of the service login, without a role.

    Returns:
        the sessions, and whether they could be ended.
    """
    with connection.cursor(row_factory=class_row(LongSession)) as cursor:
        sessions = cursor.execute(_TOO_LONG, {"readers": list(READERS), "longest": LONGEST}).fetchall()
    try:
        with connection.transaction():
            for session in sessions:
                connection.execute("select pg_terminate_backend(%s)", (session.pid,))
    except psycopg.errors.InsufficientPrivilege:
        return sessions, False
    return sessions, True
