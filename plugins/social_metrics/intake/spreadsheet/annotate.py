"""The same file with annotations beside the rows: the officer corrects it and sends it again."""

import csv
import io
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.spreadsheet.read import CsvForm, SheetFile, open_workbook
from social_metrics.intake.spreadsheet.validation_errors import FileRefused, ValidationError, by_row

_ANNOTATION_WIDTH = 70  # characters of a line of annotations
_LINE_POINTS = 15
_RED_RGB = "FBDAD7"
_RED = PatternFill("solid", fgColor=_RED_RGB)


@dataclass(frozen=True)
class _Place:
    """The column of annotations in a sheet."""

    header_row: int
    column: int
    is_present: bool  # the sheet has the column already
    given_rows: frozenset[int] = frozenset()  # above the header, a cell of the form and no annotation is in the column

    def annotation_rows(self, last_row: int) -> list[int]:
        """The rows in which the column may hold annotations."""
        return [row for row in range(1, last_row + 1) if row != self.header_row and row not in self.given_rows]


def annotate(file: SheetFile, errors: Iterable[ValidationError], annotation_label: str) -> bytes:
    """The file's bytes with an annotation in each invalid row, in one column under the header `annotation_label`.

    Everything else stays as it was handed in; earlier annotations and their marks are removed.

    Args:
        file: as it was handed in.
        errors: the validation errors of all sheets.
        annotation_label: the header of the annotations' column.

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
        found = {row: row_errors for (name, row), row_errors in rows.items() if name == sheet.title}
        place = _annotation_place(file, sheet.title, annotation_label)
        if place.is_present:
            _remove_annotations(sheet, place)
        if found:
            _write_annotations(sheet, place, found, annotation_label)
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


def _remove_annotations(sheet: Worksheet, place: _Place) -> None:
    """Earlier annotations with their marks: the text, the red cells, the red tab."""
    for row in place.annotation_rows(sheet.max_row):
        cell = sheet.cell(row, place.column)
        if not isinstance(cell, MergedCell):
            cell.value = None
    sheet.sheet_properties.tabColor = None
    for cells in sheet.iter_cols():
        marked = [cell for cell in cells if not isinstance(cell, MergedCell) and _is_marked(cell)]
        for cell in marked:
            unmarked = (other for other in cells[place.header_row :] if other is not cell and not _is_marked(other))
            cell.fill = next((copy(other.fill) for other in unmarked), PatternFill())  # type: ignore[assignment]


def _is_marked(cell: Cell | MergedCell) -> bool:
    return bool(cell.fill.fill_type == "solid" and str(cell.fill.fgColor.rgb)[-6:] == _RED_RGB)


def _write_annotations(
    sheet: Worksheet, place: _Place, found: dict[int, list[ValidationError]], annotation_label: str
) -> None:
    header = sheet.cell(place.header_row, place.column)
    if not isinstance(header, MergedCell):
        header.value = annotation_label
    for row, errors in found.items():
        cell = sheet.cell(row, place.column)
        if isinstance(cell, MergedCell):
            continue
        cell.value = _text(row, errors, place, annotation_label)
        if row != place.header_row:
            cell.font = Font(color="9C1C10")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[row].height = _LINE_POINTS * (1 + len(cell.value) // _ANNOTATION_WIDTH)
        for error in errors:
            marked = sheet.cell(row, error.column) if error.column else cell
            if not isinstance(marked, MergedCell):
                marked.fill = _RED
    sheet.sheet_state = "visible"  # so that the annotation is seen
    sheet.column_dimensions[get_column_letter(place.column)].width = _ANNOTATION_WIDTH
    sheet.sheet_properties.tabColor = "C0392B"


def _annotate_csv(file: SheetFile, form: CsvForm, errors: list[ValidationError], annotation_label: str) -> bytes:
    sheet = file.sheets[0]
    place = _annotation_place(file, None, annotation_label)
    cleared = set(place.annotation_rows(len(sheet.rows))) if place.is_present else set()
    rows = by_row(errors)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=form.delimiter, lineterminator="\r\n")
    for number, cells in enumerate(sheet.rows, start=1):
        line = ["" if cell is None else str(cell) for cell in cells]
        line += [""] * (place.column - len(line))
        if number == place.header_row:
            line[place.column - 1] = annotation_label
        elif number in cleared:
            line[place.column - 1] = ""
        if found := rows.get((None, number)):
            line[place.column - 1] = _text(number, found, place, annotation_label)
        writer.writerow(line)
    return stream.getvalue().encode(form.encoding, errors="replace")


def _text(row: int, errors: Iterable[ValidationError], place: _Place, annotation_label: str) -> str:
    """The annotations of a row; in the header's row they follow the label, by which the column is found again."""
    text = " ".join(error.row_annotation for error in errors)
    return f"{annotation_label}: {text}" if row == place.header_row else text


def _annotation_place(file: SheetFile, sheet_name: str | None, annotation_label: str) -> _Place:
    """The column that is there, or the first free one with its header in row 1."""
    sheet = next(sheet for sheet in file.sheets if sheet.name == sheet_name)
    for number, cells in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(cells, start=1):
            if isinstance(cell, str) and cell.partition(":")[0].strip().casefold() == annotation_label.casefold():
                # A form's labels and inputs above the table begin at its left edge; annotations stand alone.
                given = (row for row in range(1, number) if column == 1 or sheet.cell(row, column - 1) is not None)
                return _Place(number, column, True, frozenset(given))
    return _Place(1, max((len(cells) for cells in sheet.rows), default=0) + 1, False)
