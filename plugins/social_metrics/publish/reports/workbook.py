"""Report (d): the month as a workbook: scorecard, daily series, evidence list.

Cells are typed, headers are frozen, text is never a formula, and the same close gives the same bytes.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from social_metrics.clock import WIB
from social_metrics.publish.page.formats import Language
from social_metrics.publish.reports.month_record import Figures, MonthRecord
from social_metrics.publish.texts import text

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_DATE, _TIME, _COUNT, _DECIMAL = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "#,##0", "#,##0.00"
_WIDEST = 44

_DAILY = (
    "center_code", "account_code", "platform", "date_day", "followers_count", "followers_precision_step",
    "followers_state", "outcome", "captured_at", "is_manual", "change_1d", "change_1d_low", "change_1d_high",
    "change_1d_is_measurable", "source",
)  # fmt: skip
_EVIDENCE = (
    "center_code", "account_code", "platform", "date_day", "captured_at", "evidence", "endpoint", "http_status",
    "reference", "sha256", "run_or_persons",
)  # fmt: skip
_CORRECTIONS = (
    "correction_no", "center_code", "figure", "old_value", "new_value", "reason", "document_number", "requester",
    "approver", "approved_at",
)  # fmt: skip


def workbook(record: MonthRecord, language: Language) -> bytes:
    """The workbook of a month; column names are those of the marts, so that figures can be looked up.

    Args:
        record: of the month.
        language: of the sheets' names and of the first lines.
    """
    book = Workbook(write_only=True)
    book.properties.creator = text("office", language)
    book.properties.title = f"{record.close.month_start:%Y-%m} {record.close.version}"
    book.properties.created = book.properties.modified = record.close.drafted_at.astimezone(UTC).replace(tzinfo=None)
    scorecard = tuple(record.centers[0]) if record.centers else ()
    unknown = {"score": text("score_not_assessable", language)}
    centers = [row if row["score"] is not None else {**row, **unknown} for row in record.centers]
    sheets: list[tuple[tuple[str, str], Sequence[str], Iterable[Figures]]] = [
        (("Kartu skor", "Scorecard"), _first(scorecard, ("center_code", "center_name", "month_start")), centers),
        (("Deret harian", "Daily series"), _DAILY, record.rows["fct_follower_growth_daily"]),
        (("Daftar bukti", "Evidence"), _EVIDENCE, record.evidence),
        (("Koreksi", "Corrections"), _CORRECTIONS, map(asdict, record.corrections)),
    ]
    heading = _heading(record, language)
    for titles, columns, rows in sheets:
        _add_sheet(book, titles[language == "en"], heading, columns, rows)
    made = io.BytesIO()
    book.save(made)
    # openpyxl writes the present time when it saves; the bytes are the close's own.
    return _with_fixed_times(made.getvalue(), record.close.drafted_at)


def _heading(record: MonthRecord, language: Language) -> str:
    close = record.close
    stamp = f"{text('simulated', language)}. " if record.is_simulated else ""
    return f"{stamp}{close.month_start:%Y-%m}, v{close.version}, sha256 {close.sha256}, log {record.log_head}. WIB."


def _add_sheet(book: Workbook, title: str, heading: str, columns: Sequence[str], rows: Iterable[Figures]) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "C3"
    listed = list(rows)
    for place, column in enumerate(columns, start=1):
        longest = max([len(column), *(len(str(row.get(column) or "")) for row in listed[:200])])
        sheet.column_dimensions[get_column_letter(place)].width = min(longest + 2, _WIDEST)
    sheet.auto_filter.ref = f"A2:{get_column_letter(max(len(columns), 1))}{len(listed) + 2}"
    sheet.append([_styled(sheet, heading, is_header=False)])
    sheet.append([_styled(sheet, column, is_header=True) for column in columns])
    for row in listed:
        sheet.append([_cell(sheet, column, row.get(column)) for column in columns])


def _styled(sheet: Any, words: str, *, is_header: bool) -> Any:
    cell = _cell(sheet, "", words)
    cell.font = Font(bold=True, color="FFFFFF" if is_header else "A4161A")
    if is_header:
        cell.fill = PatternFill("solid", fgColor="1F3A5F")
    return cell


def _cell(sheet: Any, column: str, value: Any) -> Any:
    """A typed cell: dates are dates, instants WIB times, numbers numbers; all else is text, whatever it begins with."""
    kind = value
    if isinstance(value, str) and column.endswith(("_at", "_at_local")):
        kind = datetime.fromisoformat(value)
    elif isinstance(value, str) and (column.endswith(("_date", "date_day", "month_start"))):
        kind = date.fromisoformat(value)
    if isinstance(kind, datetime):
        cell = WriteOnlyCell(sheet, kind.astimezone(WIB).replace(tzinfo=None) if kind.tzinfo else kind)
        cell.number_format = _TIME
    elif isinstance(kind, date):
        cell = WriteOnlyCell(sheet, datetime(kind.year, kind.month, kind.day))  # noqa: DTZ001 - a cell knows no zone
        cell.number_format = _DATE
    elif isinstance(kind, (bool, int, float)) or kind is None:
        cell = WriteOnlyCell(sheet, kind)
        if isinstance(kind, (int, float)) and not isinstance(kind, bool):
            cell.number_format = _COUNT if float(kind).is_integer() else _DECIMAL
    else:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(kind)))
        cell.data_type = "s"
        cell.quotePrefix = True
    return cell


def _first(columns: Sequence[str], leading: Sequence[str]) -> tuple[str, ...]:
    return (*leading, *sorted(column for column in columns if column not in leading))


def _with_fixed_times(content: bytes, made_at: datetime) -> bytes:
    stamp = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "docProps/core.xml":
                body = _replace_modified(body, stamp)
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, body)
    return packed.getvalue()


def _replace_modified(body: bytes, stamp: str) -> bytes:
    before, _, rest = body.partition(b"<dcterms:modified")
    attributes, _, after = rest.partition(b">")
    _, _, end = after.partition(b"</dcterms:modified>")
    return before + b"<dcterms:modified" + attributes + b">" + stamp.encode() + b"</dcterms:modified>" + end
