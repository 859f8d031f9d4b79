"""`ops.alerts`: what was found and what was told, so that nothing is told twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """A trouble that lasts."""

    alert_id: int
    kind: str
    subject: str
    message: str
    found_at: datetime
    told_at: datetime | None


def record(connection: psycopg.Connection, found: Iterable[tuple[str, str, str]], now: datetime) -> list[OpenAlert]:
    """Open what is new, end what is no longer found, and return what lasts.

    Args:
        connection: as the loader; the caller commits.
        found: kind, subject and message of every trouble there is now.
        now: UTC instant.
    """
    troubles = list(found)
    connection.execute("select pg_advisory_xact_lock(hashtext('social_metrics.alerts'))")
    connection.execute(
        """
        update ops.alerts set ended_at = %s
        where ended_at is null and not (kind, subject) in (select * from unnest(%s::text[], %s::text[]))
        """,
        (now, [kind for kind, _, _ in troubles], [subject for _, subject, _ in troubles]),
    )
    for kind, subject, message in troubles:
        connection.execute(
            """
            insert into ops.alerts (kind, subject, message, found_at) values (%s, %s, %s, %s)
            on conflict (kind, subject) where ended_at is null do update set message = excluded.message
            """,
            (kind, subject, message, now),
        )
    return lasting(connection)


def lasting(connection: psycopg.Connection) -> list[OpenAlert]:
    """The troubles that have not ended, oldest first."""
    rows = connection.execute(
        """
        select alert_id, kind, subject, message, found_at, told_at from ops.alerts
        where ended_at is null order by alert_id
        """
    ).fetchall()
    return [OpenAlert(*row) for row in rows]


def mark_told(connection: psycopg.Connection, alerts: Sequence[OpenAlert], now: datetime) -> None:
    """Note that these were told; committed by the caller once they have really gone out."""
    connection.execute(
        "update ops.alerts set told_at = %s where alert_id = any(%s)", (now, [alert.alert_id for alert in alerts])
    )


def was_any_told_since(connection: psycopg.Connection, since: datetime, apart_from: Sequence[str]) -> bool:
    """Whether a grouped message went out since an instant; kinds that speak at once do not count."""
    row = connection.execute(
        "select exists (select from ops.alerts where told_at >= %s and not kind = any(%s))", (since, list(apart_from))
    ).fetchone()
    return bool(row and row[0])
