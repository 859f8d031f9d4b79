"""Recipients of issued reports, and the record of deliveries."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import psycopg
from psycopg.rows import class_row

from social_metrics.audit.seals import session_lock
from social_metrics.registry.roles import RoleHolder

DELIVERY_LOCK = 0xDE11
"""Key of the advisory lock of a delivery: two at once do not send a report twice."""

DeliveryChannel = Literal["object_store", "email"]

_PAGE_ROLES = ("leadership", "maker", "checker", "approver")
_PACK_ROLES = ("inspectorate", "maker", "checker", "approver")


@dataclass(frozen=True)
class IssuedReport:
    """The columns of `audit.issued_papers` that a delivery needs; `as_of_date` is a WIB date."""

    paper_no: int
    kind: str
    month_start: date | None
    version: int | None
    as_of_date: date
    is_provisional: bool
    center_code: str | None
    file_name: str
    media_type: str
    content: bytes = field(repr=False)
    sha256: str


def issued_reports(connection: psycopg.Connection, digests: Sequence[str]) -> list[IssuedReport]:
    """The issued reports with these sha256, in the order in which they were issued."""
    with connection.cursor(row_factory=class_row(IssuedReport)) as cursor:
        return cursor.execute(
            "select distinct on (paper_no) paper_no, kind, month_start, version, as_of_date, is_provisional, "
            "center_code, file_name, media_type, content, sha256 from audit.issued_papers "
            "where sha256 = any(%s) order by paper_no",
            (list(digests),),
        ).fetchall()


def addresses(report: IssuedReport, roles: Iterable[RoleHolder]) -> list[str]:
    """The recipients of a report: a center's pack goes to its own officers only, the leadership page to leadership.

    Args:
        report: an issued report.
        roles: see `roles.load_roles`.

    Returns:
        e-mail addresses, each once, in a steady order.
    """
    if report.center_code is not None:
        wanted = {
            holder.email
            for holder in roles
            if holder.role == "center_officer" and holder.center_code == report.center_code
        }
    else:
        is_page = report.is_provisional or report.kind == "leadership"
        wanted = {holder.email for holder in roles if holder.role in (_PAGE_ROLES if is_page else _PACK_ROLES)}
    return sorted(address for address in wanted if address)


def storage_path(report: IssuedReport) -> str:
    """Path below the destination: by month and version, or by date; a center's reports have their own folder."""
    if report.month_start is None:
        return f"sementara/{report.as_of_date.isoformat()}/{report.file_name}"
    folder = f"{report.month_start:%Y-%m}/versi-{report.version}"
    if report.center_code is not None:
        folder += f"/sentra/{report.center_code}"
    return f"{folder}/{report.file_name}"


def delivering(connection: psycopg.Connection) -> AbstractContextManager[None]:
    """One delivery at a time in this database; each recorded row is committed at once.

    Args:
        connection: as the role closer, no transaction open.
    """
    return session_lock(connection, DELIVERY_LOCK)


def was_delivered(
    connection: psycopg.Connection, report: IssuedReport, channel: DeliveryChannel, recipient: str
) -> bool:
    """Whether the delivery is recorded."""
    with connection.transaction():
        row = connection.execute(
            "select from audit.deliveries where (paper_no, channel, recipient) = (%s, %s, %s)",
            (report.paper_no, channel, recipient),
        ).fetchone()
    return row is not None


def record_delivery(
    connection: psycopg.Connection, reports: Iterable[IssuedReport], channel: DeliveryChannel, recipient: str
) -> None:
    """Record the delivery of reports to a folder or an address; repeating it changes nothing."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into audit.deliveries (paper_no, channel, recipient, delivered_by) "
            "values (%s, %s, %s, session_user) on conflict do nothing",
            [(report.paper_no, channel, recipient) for report in reports],
        )
