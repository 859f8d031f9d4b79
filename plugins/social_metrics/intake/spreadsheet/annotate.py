"""The same file back, with remarks beside the rows: the officer mends it where it is wrong and sends it again."""

import csv
import io
from collections.abc import Iterable

from openpyxl.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from social_metrics.intake.spreadsheet.faults import Fault, FileRefused, by_row
from social_metrics.intake.spreadsheet.read import CsvForm, SheetFile, open_workbook

_REMARK_WIDTH = 70  # characters of a line of remarks
_LINE_POINTS = 15
_RED = PatternFill("solid", fgColor="FBDAD7")


def annotate(file: SheetFile, faults: Iterable[Fault], remark_label: str) -> bytes:
    """The file's bytes with a remark in each faulty row, under the header `remark_label` where there is one.

    Everything else stays as it was handed in; earlier remarks are taken off.

    Raises:
        FileRefused: a damaged workbook that could be read cannot be written.
    """
    found = list(faults)
    if file.csv_form:
        return _annotate_csv(file, file.csv_form, found, remark_label)
    return _annotate_workbook(file, found, remark_label)


def annotated_name(name: str) -> str:
    """`kartini.xlsx` comes back as `kartini.catatan.xlsx`."""
    stem, dot, suffix = name.rpartition(".")
    stem = stem.removesuffix(".catatan")
    return f"{stem}.catatan.{suffix}" if dot else f"{name}.catatan"


def _annotate_workbook(file: SheetFile, faults: list[Fault], remark_label: str) -> bytes:
    workbook = open_workbook(file.content)
    rows = by_row(faults)
    for sheet in workbook.worksheets:
        header_row, column = _remark_place(file, sheet.title, remark_label)
        if header_row is not None:
            for row in range(header_row + 1, sheet.max_row + 1):
                if not isinstance(cell := sheet.cell(row, column), MergedCell):
                    cell.value = None
        is_touched = False
        for (name, row), found in rows.items():
            if name != sheet.title:
                continue
            is_touched = True
            cell = sheet.cell(row, column)
            if isinstance(cell, MergedCell):
                continue
            cell.value = " ".join(fault.remark_in_row for fault in found)
            cell.font = Font(color="9C1C10")
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            sheet.row_dimensions[row].height = _LINE_POINTS * (1 + len(cell.value) // _REMARK_WIDTH)
            for fault in found:
                marked = sheet.cell(row, fault.column) if fault.column else cell
                if not isinstance(marked, MergedCell):
                    marked.fill = _RED
        if is_touched:
            sheet.sheet_state = "visible"  # a remark that nobody sees helps nobody
            sheet.column_dimensions[get_column_letter(column)].width = _REMARK_WIDTH
            sheet.sheet_properties.tabColor = "C0392B"
    if all(sheet.sheet_state != "visible" for sheet in workbook.worksheets):
        workbook.worksheets[0].sheet_state = "visible"  # a workbook has to show something
    stream = io.BytesIO()
    try:
        workbook.save(stream)
    # What was read with a loss may not be written again; the writer fails wherever it meets the gap.
    except Exception as error:
        raise FileRefused(
            f"Berkas {file.name} berisi kesalahan dan strukturnya rusak, sehingga tidak dapat diberi catatan. "
            "Salin isiannya ke templat yang baru diunduh, lalu kirim kembali."
        ) from error
    return stream.getvalue()


def _annotate_csv(file: SheetFile, form: CsvForm, faults: list[Fault], remark_label: str) -> bytes:
    sheet = file.sheets[0]
    header_row, column = _remark_place(file, None, remark_label)
    rows = by_row(faults)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=form.delimiter, lineterminator="\r\n")
    for number, cells in enumerate(sheet.rows, start=1):
        line = ["" if cell is None else str(cell) for cell in cells]
        line += [""] * (column - len(line))
        if number == header_row:
            line[column - 1] = remark_label
        elif header_row is None or number > header_row:
            line[column - 1] = ""
        if found := rows.get((None, number)):
            line[column - 1] = " ".join(fault.remark_in_row for fault in found)
        writer.writerow(line)
    return stream.getvalue().encode(form.encoding, errors="replace")


def _remark_place(file: SheetFile, sheet_name: str | None, remark_label: str) -> tuple[int | None, int]:
    """The header's row and the remark's column: the one that is there, or the first free one."""
    sheet = next(sheet for sheet in file.sheets if sheet.name == sheet_name)
    for number, cells in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(cells, start=1):
            if isinstance(cell, str) and cell.casefold() == remark_label.casefold():
                return number, column
    return None, max((len(cells) for cells in sheet.rows), default=0) + 1
