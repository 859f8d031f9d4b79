"""Whether an issued report is what the record says: it is rendered again and compared.

Where its template is no longer shipped, the figures that its pages show are looked up in the present rendering. That
proves less, as text can be hidden on a page, and the finding says so.
"""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, LiteralString
from zipfile import BadZipFile

import openpyxl
import psycopg
from psycopg.rows import class_row

from social_metrics.errors import UsageProblem
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports.month_record import MonthRecord, read_month
from social_metrics.publish.reports.rendering import (
    Kind,
    file_name,
    render,
    render_provisional,
    settings_of_provisional,
    settings_sha256,
    template_version,
)

UNREADABLE = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError,
              ValueError, BadZipFile)  # fmt: skip
"""What pypdfium2 and openpyxl raise over a file that anybody may have written."""

_SHOWN = 5
_NUMBER = re.compile(r"\d[\d.,:]*%?")
_SHARE = re.compile(r"(\d+)([.,])(\d)%")


@dataclass(frozen=True)
class StoredReport:
    """A row of `audit.issued_papers` with what it was rendered with; None in reports of before."""

    paper_no: int
    kind: Kind
    file_name: str
    content: bytes = field(repr=False)
    sha256: str
    center_code: str | None
    language: Language
    month_start: date | None
    version: int | None
    as_of_date: date
    seal_no: int | None
    template_version: str | None
    settings_sha256: str | None
    pinned: dict[str, Any] | None = field(repr=False)
    is_after_today_s_template: bool  # a report with today's template was issued before


@dataclass(frozen=True)
class Unexplained:
    """A report that the record does not explain (or, with `is_explained`, only by its figures), and why."""

    paper_no: int
    file_name: str
    sha256: str
    message: str
    is_explained: bool = False


class ReportsUnexplained(UsageProblem):
    """Issued reports are not what the record says; they are not delivered."""


def compare_reports(
    connection: psycopg.Connection, *, digests: Sequence[str] | None = None, month_start: date | None = None
) -> list[Unexplained]:
    """Render reports again; return those that the record does not explain, and those explained by figures only.

    Args:
        connection: as the role closer, no transaction open.
        digests: of the reports; without them those of the month, the provisional ones of its dates included.
        month_start: first day of the month.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        if digests is not None:
            reports = _select(connection, "sha256 = any(%s)", list(digests))
        else:
            condition: LiteralString = "date_trunc('month', as_of_date)::date = %s"
            reports = _select(connection, condition, month_start)
        return list(_compare(connection, reports))


def require_explained(connection: psycopg.Connection, digests: Sequence[str]) -> None:
    """Refuse a delivery when the record does not explain one of its reports.

    Raises:
        ReportsUnexplained: the text names each report.
    """
    problems = [one for one in compare_reports(connection, digests=digests) if not one.is_explained]
    if problems:
        listed = "\n".join(f"  {one.file_name} (report {one.paper_no}): {one.message}" for one in problems)
        raise ReportsUnexplained(
            f"These reports are not what the record says, and were not delivered:\n{listed}\n"
            "Run `social-metrics verify` and ask who inserted them: audit.issued_papers, issued_by and issued_at."
        )


def _compare(connection: psycopg.Connection, reports: Iterable[StoredReport]) -> Iterable[Unexplained]:
    records: dict[tuple[date, int, int], MonthRecord | str] = {}
    for report in reports:
        if report.month_start is None or report.version is None:
            found = _of_provisional(report)
        else:
            seal_no = report.seal_no or _seal_before(connection, report)
            key = (report.month_start, report.version, seal_no)
            if key not in records:
                try:
                    records[key] = read_month(connection, report.month_start, report.version, through_seal=seal_no)
                except UsageProblem as problem:
                    records[key] = str(problem)
            found = _of_month(report, records[key])
        if found:
            yield Unexplained(report.paper_no, report.file_name, report.sha256, *found)


def _of_provisional(report: StoredReport) -> tuple[str, bool] | None:
    if report.pinned is None:
        return "it has no pinned figures to be compared with", False
    made = render_provisional(report.pinned, report.as_of_date)
    return _difference(report, made, settings_of_provisional(report.language, report.as_of_date))


def _of_month(report: StoredReport, record: MonthRecord | str) -> tuple[str, bool] | None:
    if isinstance(record, str):
        return record, False
    if report.center_code is not None and report.center_code not in {row["center_code"] for row in record.centers}:
        return f"the month has no center {report.center_code}", False
    name = file_name(record, report.kind, report.center_code, report.language)
    if name != report.file_name:
        return f"the record of its issue gives the name {name}", False
    made = render(record, report.kind, report.center_code, report.language)
    settings = settings_sha256(report.kind, report.center_code, report.language, record.close.drafted_at)
    return _difference(report, made, settings)


def _difference(report: StoredReport, made: bytes, settings: str) -> tuple[str, bool] | None:
    """Why the report is not the bytes made now, and whether its figures are theirs; None when the bytes are equal."""
    if made == report.content:
        return None
    if (report.template_version, report.settings_sha256) == (template_version(), settings):
        return "its bytes are not those that the record gives", False
    if report.is_after_today_s_template:
        return "it names a template that was replaced before it was issued", False
    try:
        now = _figures(made)
        unknown = sorted(_figures(report.content) - now - _cut_shares(now))
    except ModuleNotFoundError as error:
        return f"its template is no longer shipped, and without {error.name} its figures cannot be read", False
    except UNREADABLE as error:
        return f"its template is no longer shipped, and its figures cannot be read ({type(error).__name__})", False
    if unknown:
        listed = ", ".join(unknown[:_SHOWN]) + (f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else "")
        return f"its template is no longer shipped, and the record does not give its figures {listed}", False
    return "its template is no longer shipped: compared by the figures that it shows, and all are the record's", True


def _figures(content: bytes) -> set[str]:
    """The numbers that a report shows, as it writes them."""
    if content.startswith(b"PK"):
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        cells = (cell for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row)
        return {str(cell) for cell in cells if cell is not None and not isinstance(cell, str)}
    import pypdfium2

    return {
        number.strip(".,:")
        for page in pypdfium2.PdfDocument(content)
        for number in _NUMBER.findall(page.get_textpage().get_text_range())
    }


def _cut_shares(figures: Iterable[str]) -> set[str]:
    """The percentages as they may stand in a report of before shares were rounded: a tenth less."""
    shares = filter(None, map(_SHARE.fullmatch, figures))
    less = ((int(share[1] + share[3]) - 1, share[2]) for share in shares)
    return {f"{tenths // 10}{mark}{tenths % 10}%" for tenths, mark in less}


def _seal_before(connection: psycopg.Connection, report: StoredReport) -> int:
    """The newest seal before the one of the report itself."""
    row = connection.execute(
        "select coalesce(min(seal_no) - 1, (select max(seal_no) from audit.seals)) from audit.sealed_rows "
        "where table_name = 'audit.issued_papers' and row_key = jsonb_build_array(%s::text)::text",
        (report.paper_no,),
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _select(connection: psycopg.Connection, condition: LiteralString, value: object) -> list[StoredReport]:
    *names, _ = StoredReport.__dataclass_fields__
    statement = (
        f"select {', '.join(names)}, exists (select from audit.issued_papers as before "  # noqa: S608
        "where before.template_version = %s and before.paper_no < papers.paper_no) as is_after_today_s_template "
        f"from audit.issued_papers as papers where {condition} order by paper_no"
    )
    with connection.cursor(row_factory=class_row(StoredReport)) as cursor:
        return cursor.execute(statement, (template_version(), value)).fetchall()
