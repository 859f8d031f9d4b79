"""Issues reports: each is made once and kept with its bytes; asked for again, the kept one is returned."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import date
from typing import LiteralString

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from social_metrics.audit.log.entries import read_log
from social_metrics.audit.record import Close
from social_metrics.audit.seals import last_seal, seal_days, sealing
from social_metrics.clock import month_end
from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports.comparison import compare_reports
from social_metrics.publish.reports.month_record import MonthRecord, approved_close, read_month
from social_metrics.publish.reports.provisional_page import provisional_page
from social_metrics.publish.reports.rendering import (
    Kind,
    file_name,
    render,
    render_provisional,
    settings_of_provisional,
    settings_sha256,
    template_version,
)
from social_metrics.publish.reports.typesetting import Block
from social_metrics.warehouse.connect import connect

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Takes the number of reports to make; gives the function to call after each."""

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Report:
    """An issued report with its bytes; `as_of_date` is the WIB date of its last figures.

    Attributes:
        month_start: first day of the closed month; None when it is provisional.
        center_code: whose pack it is; None when it is of all centers.
        sha256: of the content, in hexadecimal.
        close_sha256: digest of the close; None when it is provisional, or of an early version.
        log_head: head of the log of seals that it prints; None in a report of an early version.
        seal_no: newest seal at its issue.
        template_version: of the files that it was rendered from.
        settings_sha256: of what else it was rendered with.
        pinned: figures of a provisional report.
    """

    kind: Kind
    file_name: str
    media_type: str
    content: bytes = field(repr=False)
    sha256: str
    center_code: str | None
    language: Language
    month_start: date | None
    as_of_date: date
    is_provisional: bool
    close_sha256: str | None
    log_head: str | None
    seal_no: int | None
    template_version: str | None
    settings_sha256: str | None
    pinned: Block | None = field(repr=False)


_NAMES = [column.name for column in fields(Report)]
_COLUMNS = ", ".join(_NAMES)


def issue_month(
    url: str,
    month_start: date,
    *,
    languages: Sequence[Language] = ("id",),
    center_code: str | None = None,
    progress: Progress | None = None,
) -> list[Report]:
    """Issue the reports of an approved month: leadership page, full pack, a pack for each center, workbook.

    A report that was issued before is returned as it was. A correction approved since makes new reports beside the old.

    Args:
        url: postgresql://… of the service login; nobody else issues reports.
        month_start: first day of the month.
        languages: of the reports.
        center_code: only the pack of this center.
        progress: shows how far it is.

    Raises:
        RecordAltered: a digest of the month does not hold.
        UsageProblem: the month is not approved, or has no such center.
    """
    with connect(url, "recorder") as connection:
        with sealing(connection):
            seal_days(connection)  # so that the log covers every signature that the reports show
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            seal_no = _newest_seal(connection)
            record = read_month(connection, month_start, through_seal=seal_no)
        explained, _ = _explained(connection, lambda: _issued(connection, record.close))
        issued = {report.file_name: report.sha256 for report in reversed(explained)}
        wanted = _wanted(record, languages, center_code)
        missing = [one for one in wanted if one[0] not in issued]
        made = []
        with progress(len(missing)) if progress else nullcontext(lambda: None) as step:
            for name, kind, center, language in missing:
                content = render(record, kind, center, language)
                settings = settings_sha256(kind, center, language, record.close.drafted_at)
                made.append(
                    _report(
                        name, kind, content, language, month_end(month_start), settings=settings, seal_no=seal_no,
                        log_head=record.log_head, center_code=center, close=record.close,
                    )
                )  # fmt: skip
                step()
        if made:
            _keep(
                connection,
                record.close.version,
                made,
                lambda: {one.sha256 for one in _issued(connection, record.close)},
            )
        issued |= {one.file_name: one.sha256 for one in made}
        with connection.transaction():
            kept = {report.sha256: report for report in reversed(_issued(connection, record.close))}
    return [kept[issued[name]] for name, _, _, _ in wanted]


def issued_of_month(connection: psycopg.Connection, month_start: date) -> list[Report]:
    """All reports of the approved version of a month, in the order in which they were issued.

    Raises:
        UsageProblem: the month is not approved.
    """
    with connection.transaction():
        return _issued(connection, approved_close(connection, month_start))


def issue_as_of(url: str, as_of_date: date, *, language: Language = "id") -> Report:
    """Issue the leadership page as of a date, stamped as provisional; it is kept like every report.

    Args:
        url: postgresql://… of the service login; nobody else issues reports.
        as_of_date: a WIB date.
        language: of the page.

    Raises:
        WarehouseProblem: the boards do not hold that date.
    """
    name = f"{as_of_date.isoformat()}-sementara-{language}.pdf"
    with connect(url, "recorder") as connection:
        issued, refused = _explained(connection, lambda: _issued_as_of(connection, as_of_date, name))
        if issued:
            return issued[0]
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            head = read_log(connection).head
            page = provisional_page(connection, as_of_date, language, head)
            seal_no = _newest_seal(connection)
        made = _report(
            name, "leadership", render_provisional(page, as_of_date), language, as_of_date, seal_no=seal_no,
            log_head=head, pinned=page, settings=settings_of_provisional(language, as_of_date),
        )  # fmt: skip

        def kept() -> list[Report]:
            return [one for one in _issued_as_of(connection, as_of_date, name) if one.sha256 not in refused]

        _keep(connection, None, [made], lambda: {made.sha256} if kept() else set())
        with connection.transaction():
            return kept()[0]


def _wanted(
    record: MonthRecord, languages: Sequence[Language], center_code: str | None
) -> list[tuple[str, Kind, str | None, Language]]:
    codes = sorted(row["center_code"] for row in record.centers)
    if center_code is not None and center_code not in codes:
        raise UsageProblem(
            f"{record.close.month_start:%Y-%m} holds no center {center_code!r}; it has {', '.join(codes)}."
        )
    kinds: list[tuple[Kind, str | None]] = [("leadership", None), ("full", None), ("workbook", None)]
    kinds += [("center", code) for code in codes]
    return [
        (file_name(record, kind, center, language), kind, center, language)
        for language in languages
        for kind, center in kinds
        if center_code in (None, center)
    ]


def _report(
    name: str,
    kind: Kind,
    content: bytes,
    language: Language,
    as_of_date: date,
    *,
    settings: str,
    seal_no: int | None,
    log_head: str,
    center_code: str | None = None,
    close: Close | None = None,
    pinned: Block | None = None,
) -> Report:
    return Report(
        kind=kind,
        file_name=name,
        media_type=XLSX if kind == "workbook" else PDF,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        center_code=center_code,
        language=language,
        month_start=close.month_start if close else None,
        as_of_date=as_of_date,
        is_provisional=close is None,
        close_sha256=close.sha256 if close else None,
        log_head=log_head,
        seal_no=seal_no,
        template_version=template_version(),
        settings_sha256=settings,
        pinned=pinned,
    )


def _keep(
    connection: psycopg.Connection, version: int | None, reports: Iterable[Report], there: Callable[[], set[str]]
) -> None:
    """Store the reports that no other process has issued meanwhile (`there`: their sha256), and seal them."""
    with sealing(connection):
        known = there()
        with connection.cursor() as cursor:
            cursor.executemany(
                f"insert into audit.issued_papers ({_COLUMNS}, version, issued_by) "  # noqa: S608
                f"values ({'%s, ' * len(_NAMES)}%s, session_user)",
                [(*_values(one), version) for one in reports if one.sha256 not in known],
            )
        seal_days(connection)


def _values(report: Report) -> list[object]:
    return [Jsonb(report.pinned) if name == "pinned" and report.pinned else getattr(report, name) for name in _NAMES]


def _newest_seal(connection: psycopg.Connection) -> int | None:
    last = last_seal(connection)
    return last.seal_no if last else None


def _explained(connection: psycopg.Connection, issued: Callable[[], list[Report]]) -> tuple[list[Report], set[str]]:
    """The issued reports that are what the record says, and the sha256 of the others: a forgery hides none."""
    with connection.transaction():
        reports = issued()
    unexplained = compare_reports(connection, digests=[report.sha256 for report in reports])
    refused = {one.sha256 for one in unexplained if not one.is_explained}
    return [report for report in reports if report.sha256 not in refused], refused


def _issued(connection: psycopg.Connection, close: Close) -> list[Report]:
    return _select(connection, "month_start = %s and version = %s", close.month_start, close.version)


def _issued_as_of(connection: psycopg.Connection, as_of_date: date, name: str) -> list[Report]:
    return _select(connection, "is_provisional and as_of_date = %s and file_name = %s", as_of_date, name)


def _select(connection: psycopg.Connection, condition: LiteralString, *values: object) -> list[Report]:
    with connection.cursor(row_factory=class_row(Report)) as cursor:
        statement = f"select {_COLUMNS} from audit.issued_papers where {condition} order by paper_no"  # noqa: S608
        return cursor.execute(statement, values).fetchall()
