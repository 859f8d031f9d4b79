"""Files that come back with annotations and are handed in again, and workbooks that cost too much to open."""

import csv
import io
import time
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from social_metrics.intake.form import FIRST_ROW, INPUT_COLUMN, OFFICER_ROW, Column
from social_metrics.intake.rows import read_rows
from social_metrics.intake.spreadsheet import read
from social_metrics.intake.spreadsheet.annotate import annotate
from social_metrics.intake.spreadsheet.read import read_file
from social_metrics.intake.spreadsheet.validation_errors import FileRefused, ValidationError
from social_metrics.intake.template import make_template
from social_metrics.registry.registry import Registry
from tests.support.officer import OFFICER, TODAY, fill, put, saved, sheet_of

LABEL = Column.ANNOTATION.value
ANNOTATION_COLUMN = list(Column).index(Column.ANNOTATION) + 1
RED = "FBDAD7"


@pytest.fixture
def template(registry: Registry) -> bytes:
    """The template for every account that is read by hand."""
    return make_template(registry, registry.verified_on(TODAY), TODAY)


def returned(registry: Registry, content: bytes, name: str = "k.xlsx") -> bytes:
    """The annotated copy."""
    file = read_file(name, content)
    _, errors = read_rows(file, registry, TODAY)
    assert errors
    return annotate(file, errors, LABEL)


def column_of(content: bytes) -> dict[int, Any]:
    """Row → annotation."""
    sheet = load_workbook(io.BytesIO(content))["kartini"]
    assert sheet.max_column == ANNOTATION_COLUMN, "no column was added"
    return {row: value for row in range(1, sheet.max_row + 1) if (value := sheet.cell(row, ANNOTATION_COLUMN).value)}


def red_cells(content: bytes) -> set[tuple[int | None, int | None]]:
    """The marked cells."""
    sheet = load_workbook(io.BytesIO(content))["kartini"]
    return {(c.row, c.column) for cells in sheet.iter_rows() for c in cells if str(c.fill.fgColor.rgb)[-6:] == RED}


def test_annotations_of_a_corrected_workbook_are_replaced_with_their_marks(registry: Registry, template: bytes) -> None:
    workbook = load_workbook(io.BytesIO(template))
    fill(sheet_of(workbook), [{Column.FOLLOWERS: "1.2"}, {Column.FOLLOWERS: "x"}], officer=None)
    content = returned(registry, saved(workbook))
    assert {OFFICER_ROW, FIRST_ROW, FIRST_ROW + 1} <= set(column_of(content))
    assert (OFFICER_ROW, INPUT_COLUMN) in red_cells(content)
    workbook = load_workbook(io.BytesIO(content))
    sheet_of(workbook).cell(OFFICER_ROW, INPUT_COLUMN).value = OFFICER
    put(sheet_of(workbook), FIRST_ROW + 1, {Column.FOLLOWERS: None})
    content = returned(registry, saved(workbook))
    assert {row: text for row, text in column_of(content).items() if row < FIRST_ROW} == {FIRST_ROW - 1: LABEL}
    assert FIRST_ROW in column_of(content)
    assert FIRST_ROW + 1 not in column_of(content)
    assert {row for row, _ in red_cells(content)} == {FIRST_ROW}
    fills = [sheet_of(load_workbook(io.BytesIO(content))).cell(row, 6).fill.fgColor.rgb for row in (8, 9)]
    assert fills[0] == fills[1], "a corrected cell looks like the others of its column"
    assert sheet_of(load_workbook(io.BytesIO(content))).cell(OFFICER_ROW, INPUT_COLUMN).value == OFFICER


def test_annotations_of_a_corrected_csv_are_replaced(registry: Registry, template: bytes) -> None:
    workbook = load_workbook(io.BytesIO(template))
    fill(sheet_of(workbook), [{Column.FOLLOWERS: "1.2"}], officer=None)
    stream = io.StringIO()
    for cells in sheet_of(workbook).iter_rows(values_only=True):
        csv.writer(stream).writerow(["" if cell is None else cell for cell in cells])
    lines = list(csv.reader(io.StringIO(returned(registry, stream.getvalue().encode(), "k.csv").decode())))
    assert lines[OFFICER_ROW - 1][-1]
    lines[OFFICER_ROW - 1][INPUT_COLUMN - 1] = OFFICER
    stream = io.StringIO()
    csv.writer(stream).writerows(lines)
    again = list(csv.reader(io.StringIO(returned(registry, stream.getvalue().encode(), "k.csv").decode())))
    assert {len(line) for line in again} == {ANNOTATION_COLUMN}
    assert again[OFFICER_ROW - 1][-1] == ""
    assert again[OFFICER_ROW - 1][INPUT_COLUMN - 1] == OFFICER
    assert again[FIRST_ROW - 1][-1]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_table_without_the_column_gets_one_with_a_header_and_keeps_it(name: str) -> None:
    content = b"Sentra,Alamat\nx,y\nz,w\n"
    if name.endswith("xlsx"):
        workbook = load_workbook(io.BytesIO(zip_of(b"")))
        for row, line in enumerate((("Sentra", "Alamat"), ("x", "y"), ("z", "w")), start=1):
            for column, text in enumerate(line, start=1):
                workbook.worksheets[0].cell(row, column).value = text
        content = saved(workbook)
    for row in (2, 1, 3):
        file = read_file(name, content)
        content = annotate(file, [ValidationError("salah satu", file.sheets[0].name, row)], LABEL)
        rows = [[str(cell or "") for cell in line] for line in read_file(name, content).sheets[0].rows]
        assert {len(line) for line in rows} == {3}
        assert rows[0][2] == (f"{LABEL}: Salah satu." if row == 1 else LABEL)
        assert [line[2] for line in rows[1:]] == ["Salah satu." if number == row else "" for number in (2, 3)]


def zip_of(rows: bytes, styles: bytes = b"") -> bytes:
    """A workbook of one sheet with these rows as XML."""
    stream, plain = io.BytesIO(), io.BytesIO(saved(Workbook()))
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                start, end = part.index(b"<sheetData"), part.index(b"<pageMargins")
                part = part[:start] + b"<sheetData>" + rows + b"</sheetData>" + part[end:]
            if name == "xl/styles.xml":
                part = part.replace(b"</cellXfs>", styles + b"</cellXfs>")
            new.writestr(name, part)
    return stream.getvalue()


COSTLY = {
    "empty cells": (b"<row>" + b"<c/>" * 2_900_000 + b"</row>", b""),
    "empty cells row by row": ((b"<row>" + b"<c />" * 50 + b"</row>") * 40_000, b""),
    "cells with a prefix": (b"<row>" + b"<x:c/>" * 1_000_000 + b"</row>", b""),
    "empty rows": (b"<row/>" * 1_500_000, b""),
    "styles": (b"", b"<xf/>" * 2_000_000),
}


@pytest.mark.parametrize("kind", COSTLY)
def test_a_small_workbook_of_millions_of_elements_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    content = zip_of(*COSTLY[kind])
    assert len(content) < 60_000
    monkeypatch.setattr(read, "open_workbook", lambda _: pytest.fail("the workbook was opened"))
    started = time.process_time()
    with pytest.raises(FileRefused, match="150000 sel dan baris, termasuk yang kosong"):
        read_file("kartini.xlsx", content)
    assert time.process_time() - started < 5


def test_the_largest_ordinary_workbook_is_read() -> None:
    rows = b"".join(b'<row r="%d">%s</row>' % (row, b"<c/>" * 25) for row in range(1, 5001))
    assert len(read_file("k.xlsx", zip_of(rows)).sheets) == 1
