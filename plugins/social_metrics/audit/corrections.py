"""Corrections to a closed month: one person requests, another approves; the published figure is kept."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from social_metrics.audit.closing import Channel
from social_metrics.audit.figure_names import current_name
from social_metrics.audit.record import latest_close, status_of, steps_of
from social_metrics.errors import UsageProblem

MART = "fct_center_monthly"


@dataclass(frozen=True)
class Correction:
    """A correction of one figure of one center; it is valid once `approver` is set. Instants are UTC."""

    correction_no: int
    month_start: date
    version: int
    center_code: str
    figure: str
    old_value: Any
    new_value: Any
    reason: str
    document_number: str
    requester: str
    requested_at: datetime
    approver: str | None
    approved_at: datetime | None


def request_correction(
    connection: psycopg.Connection,
    month_start: date,
    *,
    center_code: str,
    figure: str,
    new_value: Any,
    reason: str,
    document_number: str,
    person: str | None = None,
    channel: Channel = "command_line",
) -> int:
    """Request another value of a closed figure; returns the number of the correction.

    Args:
        connection: the requester's own, as the role closer, no transaction open.
        month_start: first day of an approved month.
        center_code: of the center.
        figure: a column of `fct_center_monthly`.
        new_value: the right value; None for "not known".
        reason: why.
        document_number: of the act (berita acara) that orders it.
        person: whom Airflow authenticated; None is the login of the connection.
        channel: where the person was authenticated.

    Raises:
        UsageProblem: the month is not approved, has no such figure, or has that value already.
    """
    with connection.transaction():
        close = latest_close(connection, month_start)
        if close is None or status_of(steps_of(connection, close)) != "approved":
            raise UsageProblem(f"{month_start:%Y-%m} is not approved, so nothing of it needs a correction.")
        row = connection.execute(
            "select row_key, figures from audit.scorecard_rows "
            "where month_start = %s and version = %s and mart = %s and center_code = %s",
            (month_start, close.version, MART, center_code),
        ).fetchone()
        stored_names = {current_name(name): name for name in row[1]} if row else {}
        if row is None or figure not in stored_names:
            raise UsageProblem(f"{month_start:%Y-%m} holds no figure {figure!r} of a center {center_code!r}.")
        old_value = row[1][stored_names[figure]]
        for one in corrections_of(connection, month_start):
            if (one.center_code, one.figure) == (center_code, figure) and one.approver:
                old_value = one.new_value
        if old_value == new_value:
            raise UsageProblem(f"{figure} of {center_code} is {old_value!r} already; there is nothing to correct.")
        number = connection.execute(
            "insert into audit.correction_requests (month_start, version, mart, row_key, figure, "
            "old_value, new_value, reason, document_number, requester, channel, login) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, session_user::text), %s, session_user) "
            "returning correction_no",
            (
                month_start,
                close.version,
                MART,
                row[0],
                stored_names[figure],
                Jsonb(old_value),
                Jsonb(new_value),
                reason,
                document_number,
                person,
                channel,
            ),
        ).fetchone()
    return int(number[0]) if number else 0


def approve_correction(
    connection: psycopg.Connection, correction_no: int, *, person: str | None = None, channel: Channel = "command_line"
) -> Correction:
    """Approve a correction as another person than the one who asked for it.

    Raises:
        UsageProblem: there is no such correction, it was approved before, or the requester is the same person.
    """
    with connection.transaction():
        asked = {one.correction_no: one for one in corrections_of(connection)}.get(correction_no)
        if asked is None:
            raise UsageProblem(f"There is no correction number {correction_no}.")
        if asked.approver:
            raise UsageProblem(f"Correction {correction_no} was approved by {asked.approver} already.")
        try:
            with connection.transaction():
                connection.execute(
                    "insert into audit.corrections (correction_no, requester, approver, channel, login) "
                    "values (%s, %s, coalesce(%s, session_user::text), %s, session_user)",
                    (correction_no, asked.requester, person, channel),
                )
        except psycopg.errors.CheckViolation as error:
            raise UsageProblem(
                f"{asked.requester} has asked for correction {correction_no}; another person approves it, "
                "with a login of their own."
            ) from error
        except psycopg.errors.UniqueViolation as error:  # another person at the same moment
            raise UsageProblem(f"Correction {correction_no} was approved already.") from error
        return {one.correction_no: one for one in corrections_of(connection)}[correction_no]


def corrections_of(connection: psycopg.Connection, month_start: date | None = None) -> list[Correction]:
    """All corrections of a month (of all months without one), in the order in which they were asked for."""
    with connection.cursor(row_factory=class_row(Correction)) as cursor:
        found = cursor.execute(
            """
            select asked.correction_no, asked.month_start, asked.version, rows.center_code, asked.figure,
                asked.old_value, asked.new_value, asked.reason, asked.document_number, asked.requester,
                asked.requested_at, done.approver, done.approved_at
            from audit.correction_requests as asked
            join audit.scorecard_rows as rows using (month_start, version, mart, row_key)
            left join audit.corrections as done using (correction_no)
            where %(month)s::date is null or asked.month_start = %(month)s
            order by asked.correction_no
            """,
            {"month": month_start},
        ).fetchall()
    return [replace(one, figure=current_name(one.figure)) for one in found]
