"""A real spreadsheet program opens the template and the annotated copy, and keeps their rules."""

import shutil
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.form import FIRST_ROW, Column
from tests.support.officer import Desk, fill, saved, sheet_of

SOFFICE = shutil.which("soffice")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: apt-get install libreoffice-calc"),
]


def resaved(content: bytes, folder: Path, form: str = "xlsx") -> Path:
    """The file as LibreOffice saves it after opening."""
    source = folder / "handed-out.xlsx"
    source.write_bytes(content)
    out = folder / "opened"
    command = [str(SOFFICE), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    subprocess.run(
        [*command, "--convert-to", form, "--outdir", out, source], check=True, capture_output=True, timeout=240
    )
    return out / f"handed-out.{form}"


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
    assert {("A", "list"), ("D", "date"), ("J", "list"), ("K", "textLength"), ("L", "textLength")} <= rules(after)
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
    assert {("A", "list"), ("D", "date"), ("J", "list")} <= rules(after)
    assert resaved(annotated, tmp_path, "pdf").read_bytes().startswith(b"%PDF")
