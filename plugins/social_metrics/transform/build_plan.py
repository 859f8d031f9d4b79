"""Plan of the next build of the marts, kept in `ops` so that no crash and no late-arriving data loses a day.

Facts are as of their date. So evidence of a day changes its account from that day on and nothing before it. Each row
of evidence queues account and date in `ops.reopened_days` in its own transaction. A build takes the queued days that
it sees and deletes them when it has finished; a later commit or a failed build leaves them for the next build.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

EVERYTHING = "everything"
CHANGES = "changes"


@dataclass(frozen=True)
class MartBuild:
    """A row of `ops.mart_builds`."""

    build_id: int
    scope: str  # everything, or changes
    reason: str
    fingerprint: str  # of registry, rules and models
    first_day: date | None  # WIB dates of the facts; with everything to build None leaves them to the evidence
    last_day: date | None
    built_through: date | None  # last WIB date of the build before
    retention_as_of: datetime  # UTC instant
    layers: list[str]  # built so far
    planned_at: datetime
    finished_at: datetime | None


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 of names and contents of the marts' inputs beside evidence: registry, rules, models."""
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: (path.name, str(path))):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def plan_build(
    connection: psycopg.Connection,
    inputs: str,
    *,
    through_date: date | None = None,
    retention_as_of: datetime | None = None,
    everything: bool = False,
) -> MartBuild:
    """Plan the next build in one transaction: its scope, and the days to rebuild.

    Args:
        connection: as the role transformer, no transaction open.
        inputs: `fingerprint` of registry, rules and models; a change rebuilds everything.
        through_date: last WIB date of the facts; None ends them with the last evidence.
        retention_as_of: UTC instant at which retention is judged; None means now.
        everything: rebuild everything, whatever has changed.
    """
    with connection.transaction():
        instant = retention_as_of or _one(connection, "select now()")
        built = latest_build(connection, is_finished=True)
        if built:
            _queue_expired(connection, built.retention_as_of, instant)
        first_queued, last_queued = _queued(connection, through_date)
        reason = "asked for" if everything else _why_everything(connection, built, inputs, through_date, first_queued)
        if reason or not built or not built.last_day:
            first_day, last_day, scope = None, through_date, EVERYTHING
        else:
            first_day, scope = built.first_day, CHANGES
            last_day = through_date or max(built.last_day, last_queued or built.last_day)
        with connection.cursor(row_factory=class_row(MartBuild)) as cursor:
            cursor.execute(
                """
                insert into ops.mart_builds
                    (scope, reason, fingerprint, first_day, last_day, built_through, retention_as_of)
                values (%s, %s, %s, %s, %s, %s, %s)
                returning *
                """,
                (
                    scope,
                    reason or "new evidence",
                    inputs,
                    first_day,
                    last_day,
                    built.last_day if built else None,
                    instant,
                ),
            )
            build = next(iter(cursor))
        if build.scope == EVERYTHING:
            connection.execute("select ops.count_evidence()")
        connection.execute(
            "update ops.reopened_days set build_id = %s where as_of_date <= coalesce(%s, 'infinity'::date)",
            (build.build_id, last_day),
        )
    return build


def latest_build(connection: psycopg.Connection, *, is_finished: bool = False) -> MartBuild | None:
    """The latest planned or, on request, the latest finished build; None before the first."""
    with connection.cursor(row_factory=class_row(MartBuild)) as cursor:
        return cursor.execute(
            "select * from ops.mart_builds where finished_at is not null or not %s order by build_id desc limit 1",
            (is_finished,),
        ).fetchone()


def record_layer(connection: psycopg.Connection, build: MartBuild, layer: str, order: Sequence[str]) -> None:
    """Record that a layer of the build is built; the last one finishes the build and dequeues its days to rebuild.

    A layer counts only after those before it: an earlier layer that is built again invalidates the later ones.
    """
    with connection.transaction():
        built = _one(connection, "select layers from ops.mart_builds where build_id = %s for update", build.build_id)
        place = order.index(layer)
        if built[:place] != list(order[:place]):
            return
        built = [*order[:place], layer]
        connection.execute("update ops.mart_builds set layers = %s where build_id = %s", (built, build.build_id))
        if built != list(order):
            return
        first_day, last_day = _days_of_facts(connection)
        connection.execute(
            "update ops.mart_builds set finished_at = now(), first_day = %s, last_day = %s where build_id = %s",
            (first_day, last_day, build.build_id),
        )
        connection.execute("delete from ops.reopened_days where build_id = %s", (build.build_id,))


def _why_everything(
    connection: psycopg.Connection,
    built: MartBuild | None,
    inputs: str,
    through_date: date | None,
    first_queued: date | None,
) -> str | None:
    """Why changes are not enough; None when they are."""
    if built is None:
        return "no build has finished yet"
    if built.fingerprint != inputs:
        return "the registry, the rules or the models have changed"
    if built.first_day is None or built.last_day is None:
        return "there was no evidence before"
    if through_date and through_date < built.last_day:
        return "the facts are to end on an earlier day than they did"
    if first_queued and first_queued < built.first_day:
        return "there is evidence from before the first day of the facts"
    left = connection.execute(
        "select first_day, last_day from ops.mart_builds where build_id >= %s", (built.build_id,)
    ).fetchall()
    if _days_of_facts(connection) not in left:
        return "the marts are not as the last build left them"
    return None


def _days_of_facts(connection: psycopg.Connection) -> tuple[date | None, date | None]:
    """First and last WIB date that the intermediate layer was built for."""
    if _one(connection, "select to_regclass('intermediate.int_dates__reporting')") is None:
        return None, None
    first_day, last_day = _row(connection, "select min(date_day), max(date_day) from intermediate.int_dates__reporting")
    return first_day, last_day


def _queue_expired(connection: psycopg.Connection, since: datetime, until: datetime) -> None:
    """Queue the days of counts whose retention has expired since the last build: the counts are null from then on."""
    connection.execute(
        """
        insert into ops.reopened_days (account_code, as_of_date, cause)
        select account_code, min((captured_at at time zone 'Asia/Jakarta')::date), 'retention'
        from (
            select account_code, captured_at, expires_at from raw.profile_snapshots
            union all
            select account_code, captured_at, expires_at from raw.posts
        ) as counted
        where expires_at > least(%(since)s, %(until)s) and expires_at <= greatest(%(since)s, %(until)s)
        group by account_code
        """,
        {"since": since, "until": until},
    )


def _queued(connection: psycopg.Connection, through_date: date | None) -> tuple[date | None, date | None]:
    first, last = _row(
        connection,
        "select min(as_of_date), max(as_of_date) from ops.reopened_days "
        "where as_of_date <= coalesce(%s, 'infinity'::date)",
        through_date,
    )
    return first, last


def _row(connection: psycopg.Connection, query: LiteralString, *parameters: object) -> tuple[Any, ...]:
    """The only row of a query that always returns one."""
    return next(iter(connection.execute(query, parameters)))


def _one(connection: psycopg.Connection, query: LiteralString, *parameters: object) -> Any:
    return _row(connection, query, *parameters)[0]
