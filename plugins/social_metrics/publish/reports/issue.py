"""Issues reports: each is made once and kept with its bytes; asked for again, the kept one is returned."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import Literal, LiteralString

import psycopg
from psycopg.rows import class_row

from social_metrics.audit.log.entries import read_log
from social_metrics.audit.record import Close
from social_metrics.audit.seals import seal_days, sealing
from social_metrics.clock import WIB, month_end
from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports.month_record import MonthRecord, approved_close, read_month
from social_metrics.publish.reports.packs import Packs
from social_metrics.publish.reports.provisional_page import provisional_page
from social_metrics.publish.reports.typesetting import pdf
from social_metrics.publish.reports.workbook import workbook
from social_metrics.warehouse.connect import connect

Kind = Literal["leadership", "full", "center", "workbook"]
Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Takes the number of reports to make; gives the function to call after each."""

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILE_NAMES: dict[Kind, str] = {"leadership": "pimpinan", "full": "lengkap", "center": "sentra", "workbook": "data"}


@dataclass(frozen=True)
class Report:
    """An issued report with its bytes; `as_of_date` is the WIB date of its last figures.

    Attributes:
        month_start: first day of the closed month; None when it is provisional.
        center_code: whose pack it is; None when it is of all centers.
        sha256: of the content, in hexadecimal.
        close_sha256: digest of the close; None when it is provisional, or of an early version.
        log_head: head of the log of seals that it prints; None in a report of an early version.
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
            record = read_month(connection, month_start)
            issued = {report.file_name for report in _issued(connection, record.close)}
        wanted = _wanted(record, languages, center_code)
        missing = [one for one in wanted if one[0] not in issued]
        made = []
        with progress(len(missing)) if progress else nullcontext(lambda: None) as step:
            for name, kind, center, language in missing:
                made.append(_make(record, name, kind, center, language))
                step()
        if made:
            _keep(connection, record.close.version, made, lambda: _issued(connection, record.close))
        with connection.transaction():
            kept = {report.file_name: report for report in _issued(connection, record.close)}
    return [kept[name] for name, _, _, _ in wanted]


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
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            kept = _issued_as_of(connection, as_of_date, name)
            if kept:
                return kept[0]
            head = read_log(connection).head
            page = provisional_page(connection, as_of_date, language, head)
        content = pdf(page, datetime.combine(as_of_date, time(23, 59), WIB))
        made = _report("leadership", name, content, None, language, None, as_of_date, None, head)
        _keep(connection, None, [made], lambda: _issued_as_of(connection, as_of_date, name))
        with connection.transaction():
            return _issued_as_of(connection, as_of_date, name)[0]


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
        (_name(record, kind, center, language), kind, center, language)
        for language in languages
        for kind, center in kinds
        if center_code in (None, center)
    ]


def _name(record: MonthRecord, kind: Kind, center_code: str | None, language: Language) -> str:
    """The file name; it holds the number of corrections shown, as a new one makes another report."""
    corrections = sum(center_code in (None, one.center_code) for one in record.corrections)
    parts = [
        f"{record.close.month_start:%Y-%m}-v{record.close.version}",
        _FILE_NAMES[kind],
        *([center_code] if center_code else []),
        *([f"koreksi-{corrections}"] if corrections else []),
        language,
    ]
    return "-".join(parts) + (".xlsx" if kind == "workbook" else ".pdf")


def _make(record: MonthRecord, name: str, kind: Kind, center_code: str | None, language: Language) -> Report:
    packs, close = Packs(record, language), record.close
    drafted_at, month = close.drafted_at, close.month_start
    if kind == "workbook":
        content = workbook(record, language)
    elif kind == "leadership":
        content = pdf(packs.leadership(), drafted_at)
    else:
        content = pdf(packs.center(center_code) if center_code else packs.full(), drafted_at)
    return _report(kind, name, content, center_code, language, month, month_end(month), close.sha256, record.log_head)


def _report(
    kind: Kind,
    name: str,
    content: bytes,
    center_code: str | None,
    language: Language,
    month_start: date | None,
    as_of_date: date,
    close_sha256: str | None,
    log_head: str,
) -> Report:
    return Report(
        kind=kind,
        file_name=name,
        media_type=XLSX if kind == "workbook" else PDF,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        center_code=center_code,
        language=language,
        month_start=month_start,
        as_of_date=as_of_date,
        is_provisional=month_start is None,
        close_sha256=close_sha256,
        log_head=log_head,
    )


def _keep(
    connection: psycopg.Connection, version: int | None, reports: Iterable[Report], issued: Callable[[], list[Report]]
) -> None:
    """Store the reports that no other process has issued meanwhile, and seal them."""
    with sealing(connection):
        there = {report.file_name for report in issued()}
        with connection.cursor() as cursor:
            cursor.executemany(
                f"insert into audit.issued_papers ({_COLUMNS}, version, issued_by) "  # noqa: S608
                f"values ({'%s, ' * len(_NAMES)}%s, session_user)",
                [(*(getattr(one, name) for name in _NAMES), version) for one in reports if one.file_name not in there],
            )
        seal_days(connection)


def _issued(connection: psycopg.Connection, close: Close) -> list[Report]:
    return _select(connection, "month_start = %s and version = %s", close.month_start, close.version)


def _issued_as_of(connection: psycopg.Connection, as_of_date: date, name: str) -> list[Report]:
    return _select(connection, "is_provisional and as_of_date = %s and file_name = %s", as_of_date, name)


def _select(connection: psycopg.Connection, condition: LiteralString, *values: object) -> list[Report]:
    with connection.cursor(row_factory=class_row(Report)) as cursor:
        statement = f"select {_COLUMNS} from audit.issued_papers where {condition} order by paper_no"  # noqa: S608
        return cursor.execute(statement, values).fetchall()
