"""A real spreadsheet program opens the template and the annotated copy, and keeps their rules."""

import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.form import FIRST_ROW, Column
from social_metrics.intake.ingest import IngestResult
from tests.support.officer import TODAY, Desk, fill, saved, sheet_of

SOFFICE = shutil.which("soffice")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: apt-get install libreoffice-calc"),
]


YESTERDAY = TODAY - timedelta(days=1)
DATES_AND_TIMES = (Column.EVIDENCE_DATE, Column.EVIDENCE_TIME, Column.POST_DATE, Column.POST_TIME)
LANGUAGES = {"id-ID": 1057, "en-US": 1033}  # as the program numbers the languages in which it recognises numbers
GENERAL, TEXT = 1, 2  # formats of a cell into which the program enters a value
TYPED_TIMES = {
    "19.30": time(19, 30), "20.00": time(20, 0), "21.45": time(21, 45), "08.15": time(8, 15), "00.07": time(0, 7),
    "19:30": time(19, 30), "20:00": time(20, 0), "21:45": time(21, 45), "08:15": time(8, 15), "00:07": time(0, 7),
    "7.05": time(7, 5), "7:05": time(7, 5), "12.00": time(12, 0), "23.59": time(23, 59),
}  # fmt: skip


def position_of(column: Column) -> int:
    """The column's number in the template."""
    return list(Column).index(column) + 1


def typed(values: list[str], folder: Path, language: str, form: int) -> list[tuple[Any, str]]:
    """What the program makes of values typed into cells: content and number format of each."""
    folder.mkdir()
    source = folder / "typed.csv"
    source.write_text("\n".join(values) + "\n")
    # Separator ;, quote ", UTF-8, first line 1, column 1 in this format, language, unquoted, recognise dates and times.
    reading = f"CSV:59,34,76,1,1/{form},{LANGUAGES[language]},false,true"
    run(folder, "xlsx", source, f"--infilter={reading}")
    sheet = load_workbook(folder / "opened" / "typed.xlsx").worksheets[0]
    return [(sheet.cell(row, 1).value, sheet.cell(row, 1).number_format) for row in range(1, len(values) + 1)]


def run(folder: Path, form: str, source: Path, *options: str) -> None:
    """Open a file with LibreOffice and save it in another form."""
    command = [str(SOFFICE), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", *options]
    out = folder / "opened"
    subprocess.run(
        [*command, "--convert-to", form, "--outdir", out, source], check=True, capture_output=True, timeout=240
    )


def resaved(content: bytes, folder: Path, form: str = "xlsx") -> Path:
    """The file as LibreOffice saves it after opening."""
    source = folder / "handed-out.xlsx"
    source.write_bytes(content)
    run(folder, form, source)
    return folder / "opened" / f"handed-out.{form}"


def rules(sheet: Worksheet) -> set[tuple[str, str]]:
    """What the cells may hold, column by column."""
    return {
        (cells.coord.split(":")[0].rstrip("0123456789"), rule.type)
        for rule in sheet.data_validations.dataValidation
        for cells in rule.sqref.ranges
        if rule.type
    }


def test_the_template_keeps_its_validation_and_protection(desk: Desk, tmp_path: Path) -> None:
    content = saved(desk.template())
    before = sheet_of(desk.template())
    after = sheet_of(load_workbook(resaved(content, tmp_path)))
    assert {after.cell(FIRST_ROW, position_of(column)).number_format for column in DATES_AND_TIMES} == {"@"}
    assert {("A", "list"), ("J", "list"), ("K", "textLength"), ("L", "textLength")} <= rules(after)
    assert rules(before) <= rules(after)
    assert after.protection.sheet
    assert after.cell(FIRST_ROW, 1).protection.locked
    assert not after.cell(FIRST_ROW, 6).protection.locked
    assert [cell.value for cell in after[FIRST_ROW - 1]][: len(Column)] == [column.value for column in Column]


def test_what_the_program_saves_is_read_right(desk: Desk, tmp_path: Path) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube"), desk.good_row("kartini-x", followers=1234)])
    assert desk.hand_in(resaved(saved(workbook), tmp_path).read_bytes()).taken == [
        "kartini-youtube/2026-11-24/1",
        "kartini-x/2026-11-24/1",
    ]


def test_the_annotated_copy_opens_with_annotations_and_validation(desk: Desk, tmp_path: Path) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube", followers="1.2")])
    annotated = desk.hand_in(workbook).annotated
    assert annotated is not None
    after = sheet_of(load_workbook(resaved(annotated, tmp_path)))
    assert "satuannya" in str(after.cell(FIRST_ROW, len(Column)).value)
    assert after.cell(FIRST_ROW, 6).fill.fgColor.rgb == "FFFBDAD7"
    assert {("A", "list"), ("J", "list")} <= rules(after)
    assert resaved(annotated, tmp_path, "pdf").read_bytes().startswith(b"%PDF")


def handed_in(desk: Desk, cells: Mapping[Column, tuple[Any, str]]) -> IngestResult:
    """Hand in a good row in which these cells have another content and number format."""
    workbook = desk.template()
    sheet = sheet_of(workbook)
    fill(sheet, [desk.good_row("kartini-youtube", YESTERDAY)])
    for column, (value, number_format) in cells.items():
        cell = sheet.cell(FIRST_ROW, position_of(column))
        cell.value, cell.number_format = value, number_format
    return desk.hand_in(saved(workbook))


def stored_instant(desk: Desk, column: str) -> datetime:
    """An instant of the newest entry, in WIB."""
    with psycopg.connect(desk.warehouse_url) as connection:
        row = connection.execute(f"select {column} from raw.manual_entries order by version desc limit 1").fetchone()
    assert row is not None
    instant: datetime = row[0]
    return instant.astimezone(ZoneInfo("Asia/Jakarta")).replace(tzinfo=None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", [TEXT, GENERAL], ids=["Text", "General"])
def test_a_typed_time_is_stored_as_typed_or_annotated(desk: Desk, tmp_path: Path, language: str, form: int) -> None:
    made = typed(list(TYPED_TIMES), tmp_path / "typed", language, form)
    taken = 0
    for (written, meant), (value, number_format) in zip(TYPED_TIMES.items(), made, strict=True):
        # The same number in a cell of the former template: its format of times stays.
        formats = {number_format} if isinstance(value, str) else {number_format, "hh:mm"}
        for each in formats:
            result = handed_in(desk, {Column.EVIDENCE_TIME: (value, each), Column.POST_TIME: ("00.01", "@")})
            if result.annotated is None:
                taken += 1
                assert stored_instant(desk, "observed_at").time() == meant, (written, value, each)
            else:
                assert form == GENERAL, (written, value)
                assert [error.column_label for error in result.errors] == [Column.EVIDENCE_TIME.value]
    assert taken >= (len(TYPED_TIMES) if form == TEXT else len(TYPED_TIMES) // 2), made


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_date_typed_into_a_text_cell_is_stored_as_typed(desk: Desk, tmp_path: Path, language: str) -> None:
    written = ["23/11/2026", "23-11-2026", "23 November 2026", "2026-11-23", "23/11/2026 08.15", "23.11.2026 08:15"]
    for value, number_format in typed([*written, "03/11/2026"], tmp_path / "typed", language, TEXT):
        no_time = (None, "@")
        result = handed_in(desk, {Column.POST_DATE: (value, number_format), Column.POST_TIME: no_time})
        assert [error.message for error in result.errors] == []
        stored = stored_instant(desk, "last_post_at")
        assert stored.date().isoformat() == ("2026-11-03" if value == "03/11/2026" else "2026-11-23")
        assert stored.time() == (time(8, 15) if "8" in value else time(0, 0))
