"""A real spreadsheet program, in Indonesian and in English, keeps the template's rules; what is typed is read right."""

import io
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from social_metrics.intake.form import FIRST_ROW, INPUT_COLUMN, OFFICER_ROW, Column
from social_metrics.intake.rows import EnteredRow, read_rows
from social_metrics.intake.spreadsheet.read import read_file
from social_metrics.intake.template import make_template
from social_metrics.registry.registry import Registry
from tests.support.officer import OFFICER, POST_URLS, TODAY, Desk, fill, saved, sheet_of
from tests.support.spreadsheet_program import SOFFICE, SpreadsheetProgram

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: apt-get install libreoffice-calc"),
]

WIB = ZoneInfo("Asia/Jakarta")
LANGUAGES = ("id-ID", "en-US")
DATES_AND_TIMES = (Column.EVIDENCE_DATE, Column.EVIDENCE_TIME, Column.POST_DATE, Column.POST_TIME)
TYPED_TIMES = {
    "19.30": time(19, 30), "20.00": time(20, 0), "21.45": time(21, 45), "08.15": time(8, 15), "00.07": time(0, 7),
    "19:30": time(19, 30), "20:00": time(20, 0), "21:45": time(21, 45), "08:15": time(8, 15), "00:07": time(0, 7),
    "7.05": time(7, 5), "7:05": time(7, 5), "12.00": time(12, 0), "23.59": time(23, 59),
}  # fmt: skip
TYPED_DATES = {
    "23/11/2026": (23, time(0, 0)), "23-11-2026": (23, time(0, 0)), "23 November 2026": (23, time(0, 0)),
    "2026-11-23": (23, time(0, 0)), "23/11/2026 08.15": (23, time(8, 15)), "23.11.2026 08:15": (23, time(8, 15)),
    "03/11/2026": (3, time(0, 0)), "3/11/2026": (3, time(0, 0)),
}  # fmt: skip
VALID_ROW = {
    Column.ACCOUNT: "kartini-x", Column.EVIDENCE_DATE: "24/11/2026", Column.EVIDENCE_TIME: "19:30",
    Column.FOLLOWERS: "12,3 rb", Column.POST_DATE: "23/11/2026", Column.POST_TIME: "08.15",
    Column.POST_URL: POST_URLS["x"], Column.EVIDENCE_FILE: "bukti.png",
}  # fmt: skip


@pytest.fixture(scope="module", params=LANGUAGES)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SpreadsheetProgram:
    """LibreOffice in one of the languages."""
    return SpreadsheetProgram(tmp_path_factory.mktemp("program"), str(request.param))


@pytest.fixture(scope="module")
def any_program(tmp_path_factory: pytest.TempPathFactory) -> SpreadsheetProgram:
    """LibreOffice in the system's language."""
    return SpreadsheetProgram(tmp_path_factory.mktemp("program"))


def address(column: Column, row: int) -> str:
    """A cell's name."""
    return f"{get_column_letter(list(Column).index(column) + 1)}{row}"


def typed(
    program: SpreadsheetProgram,
    registry: Registry,
    rows: list[dict[Column, str]],
    formats: Mapping[Column, str] | None = None,
) -> bytes:
    """The template as the program saves it after an officer has typed these rows into it.

    A row names what differs from a valid one. `formats` give columns another number format than the template's Text.
    """
    content = make_template(registry, [registry.account_on("kartini-x", TODAY)], TODAY)
    if formats:
        workbook = load_workbook(io.BytesIO(content))
        sheet = sheet_of(workbook)
        for column, number_format in formats.items():
            for row in range(FIRST_ROW, sheet.max_row + 1):
                sheet[address(column, row)].number_format = number_format
        content = saved(workbook)
    cells = {f"{get_column_letter(INPUT_COLUMN)}{OFFICER_ROW}": OFFICER}
    for row, texts in enumerate(rows, start=FIRST_ROW):
        for column, text in (VALID_ROW | texts).items():
            if column is not Column.ACCOUNT or row > FIRST_ROW:  # the first row's account is given and locked
                cells[address(column, row)] = text
    return program.type_into(content, "kartini", cells)


def read(registry: Registry, content: bytes) -> tuple[dict[int, EnteredRow], dict[int, list[str | None]]]:
    """Entries, and the columns of errors, by the row's number from zero."""
    rows, errors = read_rows(read_file("kartini.xlsx", content), registry, TODAY)
    columns: dict[int, list[str | None]] = {}
    for error in errors:
        assert error.row is not None
        columns.setdefault(error.row - FIRST_ROW, []).append(error.column_label)
    return {row.row - FIRST_ROW: row for row in rows}, columns


def rules(sheet: Worksheet) -> set[tuple[str, str]]:
    """What the cells may hold, column by column."""
    return {
        (cells.coord.split(":")[0].rstrip("0123456789"), rule.type)
        for rule in sheet.data_validations.dataValidation
        for cells in rule.sqref.ranges
        if rule.type
    }


def opened(content: bytes) -> Worksheet:
    """Kartini's sheet of a workbook."""
    return sheet_of(load_workbook(io.BytesIO(content)))


# ------------------------------------------------------------------ opened and saved


def test_the_template_keeps_its_validation_and_protection(desk: Desk, any_program: SpreadsheetProgram) -> None:
    content = saved(desk.template())
    after = opened(any_program.resave(content))
    assert {after[address(column, FIRST_ROW)].number_format for column in DATES_AND_TIMES} == {"@"}
    assert {("A", "list"), ("J", "list"), ("K", "textLength"), ("L", "textLength")} <= rules(after)
    assert rules(opened(content)) <= rules(after)
    assert after.protection.sheet
    assert after.cell(FIRST_ROW, 1).protection.locked
    assert not after.cell(FIRST_ROW, 6).protection.locked
    assert [cell.value for cell in after[FIRST_ROW - 1]][: len(Column)] == [column.value for column in Column]


def test_what_the_program_saves_is_read_right(desk: Desk, any_program: SpreadsheetProgram) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube"), desk.good_row("kartini-x", followers=1234)])
    assert desk.hand_in(any_program.resave(saved(workbook))).taken == [
        "kartini-youtube/2026-11-24/1",
        "kartini-x/2026-11-24/1",
    ]


def test_the_annotated_copy_opens_with_annotations_and_validation(desk: Desk, any_program: SpreadsheetProgram) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube", followers="1.2")])
    annotated = desk.hand_in(workbook).annotated
    assert annotated is not None
    after = opened(any_program.resave(annotated))
    assert "satuannya" in str(after.cell(FIRST_ROW, len(Column)).value)
    assert after.cell(FIRST_ROW, 6).fill.fgColor.rgb == "FFFBDAD7"
    assert {("A", "list"), ("J", "list")} <= rules(after)
    assert any_program.resave(annotated, "pdf").startswith(b"%PDF")


# ------------------------------------------------------------------ typed


def test_times_typed_into_the_template_are_read_as_typed(registry: Registry, program: SpreadsheetProgram) -> None:
    content = typed(program, registry, [{Column.EVIDENCE_TIME: at, Column.POST_TIME: at} for at in TYPED_TIMES])
    sheet = opened(content)
    rows, errors = read(registry, content)
    assert errors == {}
    for number, (text, meant) in enumerate(TYPED_TIMES.items()):
        assert sheet[address(Column.EVIDENCE_TIME, FIRST_ROW + number)].value == text, "a Text cell keeps what is typed"
        assert rows[number].observed_at == datetime.combine(TODAY, meant, WIB)
        assert rows[number].last_post_at == datetime.combine(TODAY - timedelta(days=1), meant, WIB)


def test_dates_typed_into_the_template_are_read_as_typed(registry: Registry, program: SpreadsheetProgram) -> None:
    rows, errors = read(
        registry, typed(program, registry, [{Column.POST_DATE: text, Column.POST_TIME: ""} for text in TYPED_DATES])
    )
    assert errors == {}
    stored = [rows[number].last_post_at for number in range(len(TYPED_DATES))]
    assert stored == [datetime.combine(TODAY.replace(day=day), meant, WIB) for day, meant in TYPED_DATES.values()]


@pytest.mark.parametrize("number_format", ["hh:mm", "General"])
def test_a_time_typed_into_another_cell_is_read_as_typed_or_annotated(
    registry: Registry, program: SpreadsheetProgram, number_format: str
) -> None:
    """In a template of before, or a cell whose format was cleared, English makes a number of a time with a point."""
    formats = {Column.EVIDENCE_TIME: number_format}
    content = typed(program, registry, [{Column.EVIDENCE_TIME: at} for at in TYPED_TIMES], formats)
    rows, errors = read(registry, content)
    made_numbers = {at for at in TYPED_TIMES if "." in at and program.language == "en-US"}
    for number, (text, meant) in enumerate(TYPED_TIMES.items()):
        if text in made_numbers:
            assert errors.pop(number) == [Column.EVIDENCE_TIME.value]
        else:
            assert rows[number].observed_at == datetime.combine(TODAY, meant, WIB), text
    assert errors == {}


def test_a_locked_cell_cannot_be_typed_into(registry: Registry, program: SpreadsheetProgram) -> None:
    content = make_template(registry, [registry.account_on("kartini-x", TODAY)], TODAY)
    locked = address(Column.ACCOUNT, FIRST_ROW)
    assert opened(program.type_into(content, "kartini", {locked: "satria-x"}))[locked].value == "kartini-x"


def test_a_typed_template_is_stored(desk: Desk, program: SpreadsheetProgram) -> None:
    desk.good_row("kartini-x")  # lays the screenshot on the desk
    row = {Column.EVIDENCE_TIME: "19.30", Column.EVIDENCE_FILE: f"kartini-x-{TODAY.isoformat()}.png"}
    assert desk.hand_in(typed(program, desk.registry, [row])).taken == [f"kartini-x/{TODAY.isoformat()}/1"]
    with psycopg.connect(desk.warehouse_url) as connection:
        stored = connection.execute(
            "select observed_at, followers_count, followers_displayed, last_post_at from raw.manual_entries"
        ).fetchall()
    yesterday = TODAY - timedelta(days=1)
    assert stored == [
        (datetime.combine(TODAY, time(19, 30), WIB), 12300, "12,3 rb", datetime.combine(yesterday, time(8, 15), WIB))
    ]
