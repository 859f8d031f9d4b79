"""The same file with annotations beside the rows: the officer corrects it and sends it again."""

import csv
import io
from collections.abc import Iterable

from openpyxl.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from social_metrics.intake.spreadsheet.read import CsvForm, SheetFile, open_workbook
from social_metrics.intake.spreadsheet.validation_errors import FileRefused, ValidationError, by_row

_ANNOTATION_WIDTH = 70  # characters of a line of annotations
_LINE_POINTS = 15
_RED = PatternFill("solid", fgColor="FBDAD7")


def annotate(file: SheetFile, errors: Iterable[ValidationError], annotation_label: str) -> bytes:
    """The file's bytes with an annotation in each invalid row, under the header `annotation_label` where there is one.

    Everything else stays as it was handed in; earlier annotations are removed.

    Raises:
        FileRefused: a damaged workbook that could be read cannot be written.
    """
    found = list(errors)
    if file.csv_form:
        return _annotate_csv(file, file.csv_form, found, annotation_label)
    return _annotate_workbook(file, found, annotation_label)


def annotated_name(name: str) -> str:
    """`kartini.xlsx` comes back as `kartini.catatan.xlsx`."""
    stem, dot, suffix = name.rpartition(".")
    stem = stem.removesuffix(".catatan")
    return f"{stem}.catatan.{suffix}" if dot else f"{name}.catatan"


def _annotate_workbook(file: SheetFile, errors: list[ValidationError], annotation_label: str) -> bytes:
    workbook = open_workbook(file.content)
    rows = by_row(errors)
    for sheet in workbook.worksheets:
        header_row, column = _annotation_cell(file, sheet.title, annotation_label)
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
            cell.value = " ".join(error.row_annotation for error in found)
            cell.font = Font(color="9C1C10")
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            sheet.row_dimensions[row].height = _LINE_POINTS * (1 + len(cell.value) // _ANNOTATION_WIDTH)
            for error in found:
                marked = sheet.cell(row, error.column) if error.column else cell
                if not isinstance(marked, MergedCell):
                    marked.fill = _RED
        if is_touched:
            sheet.sheet_state = "visible"  # so that the annotation is seen
            sheet.column_dimensions[get_column_letter(column)].width = _ANNOTATION_WIDTH
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


def _annotate_csv(file: SheetFile, form: CsvForm, errors: list[ValidationError], annotation_label: str) -> bytes:
    sheet = file.sheets[0]
    header_row, column = _annotation_cell(file, None, annotation_label)
    rows = by_row(errors)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=form.delimiter, lineterminator="\r\n")
    for number, cells in enumerate(sheet.rows, start=1):
        line = ["" if cell is None else str(cell) for cell in cells]
        line += [""] * (column - len(line))
        if number == header_row:
            line[column - 1] = annotation_label
        elif header_row is None or number > header_row:
            line[column - 1] = ""
        if found := rows.get((None, number)):
            line[column - 1] = " ".join(error.row_annotation for error in found)
        writer.writerow(line)
    return stream.getvalue().encode(form.encoding, errors="replace")


def _annotation_cell(file: SheetFile, sheet_name: str | None, annotation_label: str) -> tuple[int | None, int]:
    """The header's row and the annotation's column: the one that is there, or the first free one."""
    sheet = next(sheet for sheet in file.sheets if sheet.name == sheet_name)
    for number, cells in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(cells, start=1):
            if isinstance(cell, str) and cell.casefold() == annotation_label.casefold():
                return number, column
    return None, max((len(cells) for cells in sheet.rows), default=0) + 1
