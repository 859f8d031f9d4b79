"""`ops.alerts`: what was found and what was sent, so that nothing is sent twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from social_metrics.monitoring.findings import NOTIFY_IMMEDIATELY, Alert, AlertKind


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """A row of `ops.alerts` that has not ended."""

    alert_id: int
    kind: AlertKind
    subject: str
    notified_at: datetime | None


def record(connection: psycopg.Connection, found: Sequence[Alert], now: datetime) -> list[OpenAlert]:
    """Insert new alerts, end those that are no longer found, and return the open ones; the caller commits."""
    connection.execute("select pg_advisory_xact_lock(hashtext('social_metrics.alerts'))")
    connection.execute(
        """
        update ops.alerts set ended_at = %s
        where ended_at is null and not (kind, subject) in (select * from unnest(%s::text[], %s::text[]))
        """,
        (now, [alert.kind.value for alert in found], [alert.subject for alert in found]),
    )
    for alert in found:
        connection.execute(
            """
            insert into ops.alerts (kind, subject, message, found_at) values (%s, %s, %s, %s)
            on conflict (kind, subject) where ended_at is null do update set message = excluded.message
            """,
            (alert.kind.value, alert.subject, alert.text, now),
        )
    rows = connection.execute(
        "select alert_id, kind, subject, told_at from ops.alerts where ended_at is null order by alert_id"
    ).fetchall()
    return [OpenAlert(number, AlertKind(kind), subject, at) for number, kind, subject, at in rows]


def mark_notified(connection: psycopg.Connection, alerts: Sequence[OpenAlert], now: datetime) -> None:
    """Record that these were sent; the caller commits once they have gone out."""
    connection.execute(
        "update ops.alerts set told_at = %s where alert_id = any(%s)", (now, [alert.alert_id for alert in alerts])
    )


def was_daily_message_sent_since(connection: psycopg.Connection, since: datetime) -> bool:
    """Whether the day's message went out since an instant; kinds that are sent immediately do not count."""
    row = connection.execute(
        "select exists (select from ops.alerts where told_at >= %s and not kind = any(%s))",
        (since, [kind.value for kind in NOTIFY_IMMEDIATELY]),
    ).fetchone()
    return bool(row and row[0])
