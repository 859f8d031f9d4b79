"""What officers type and what a spreadsheet program makes of it: read right, or one true annotation."""

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook

from social_metrics.contract import PostsObserved
from social_metrics.intake.form import FIRST_ROW, Column
from social_metrics.intake.rows import EnteredRow, read_rows
from social_metrics.intake.spreadsheet.read import read_file
from social_metrics.intake.spreadsheet.validation_errors import ValidationError
from social_metrics.intake.template import make_template
from social_metrics.registry.registry import Registry
from tests.support.officer import POST_URLS, TODAY, fill, saved, sheet_of

WIB, WITA, WIT = (ZoneInfo(name) for name in ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"))
HOUR_AS_NUMBER = {"19.30": 19.3, "20.00": 20.0, "21.45": 21.45, "08.15": 8.15, "00.07": 0.07}


def template(registry: Registry) -> Workbook:
    """The template for every account that is read by hand."""
    return load_workbook(io.BytesIO(make_template(registry, registry.verified_on(TODAY), TODAY)))


def row_of(account: str = "kartini-x", **cells: Any) -> dict[Column, Any]:
    """A valid row; `cells` replace some, by the names of `Column`."""
    row: dict[Column, Any] = {
        Column.ACCOUNT: account,
        Column.EVIDENCE_DATE: "24/11/2026",
        Column.EVIDENCE_TIME: "19.30",
        Column.FOLLOWERS: "12,3 rb",
        Column.POST_DATE: "23/11/2026",
        Column.POST_TIME: "08.15",
        Column.POST_URL: POST_URLS["x"],
        Column.EVIDENCE_FILE: "bukti.png",
    }
    return row | {Column[name]: value for name, value in cells.items()}


def handed_in(
    registry: Registry, cells: dict[Column, Any], center: str = "kartini", form: str | None = None
) -> tuple[list[EnteredRow], list[ValidationError]]:
    """Type a row into the template, save it and read it; `form` is a number format of dates and times."""
    workbook = template(registry)
    sheet = sheet_of(workbook, center)
    fill(sheet, [cells])
    if form:
        for column in (Column.EVIDENCE_DATE, Column.EVIDENCE_TIME, Column.POST_DATE, Column.POST_TIME):
            sheet.cell(FIRST_ROW, list(Column).index(column) + 1).number_format = form
    return read_rows(read_file("templat.xlsx", saved(workbook)), registry, TODAY)


def as_csv(registry: Registry, cells: dict[Column, Any]) -> bytes:
    """The filled template as CSV."""
    workbook = template(registry)
    fill(sheet_of(workbook), [cells])
    stream = io.StringIO()
    for line in sheet_of(workbook).iter_rows(values_only=True):
        csv.writer(stream).writerow(["" if cell is None else cell for cell in line])
    return stream.getvalue().encode()


def only_row(read: tuple[list[EnteredRow], list[ValidationError]]) -> EnteredRow:
    """The one row, without an error."""
    rows, errors = read
    assert [error.message for error in errors] == []
    assert len(rows) == 1
    return rows[0]


def only_error(read: tuple[list[EnteredRow], list[ValidationError]], column: Column) -> ValidationError:
    """The one error, in this column; no row was read."""
    rows, errors = read
    assert rows == []
    assert [error.column_label for error in errors] == [column.value], [error.message for error in errors]
    return errors[0]


@pytest.mark.parametrize(
    "column", [Column.EVIDENCE_DATE, Column.EVIDENCE_TIME, Column.POST_DATE, Column.POST_TIME, Column.FOLLOWERS]
)
def test_every_cell_that_a_program_could_convert_is_text(registry: Registry, column: Column) -> None:
    sheet = sheet_of(template(registry))
    position = list(Column).index(column) + 1
    formats = {sheet.cell(row, position).number_format for row in range(FIRST_ROW, sheet.max_row + 1)}
    assert formats == {"@"}
    stops = [rule.type for rule in sheet.data_validations.dataValidation if rule.type in ("date", "time")]
    assert stops == [], "a validation of dates rejects the text of a Text cell"


@pytest.mark.parametrize("form", ["hh:mm", "h:mm AM/PM", "[h]:mm", "General", "0.00", "dd/mm/yyyy"])
@pytest.mark.parametrize("typed", HOUR_AS_NUMBER)
def test_an_hour_that_became_a_number_is_never_another_time(registry: Registry, typed: str, form: str) -> None:
    error = only_error(
        handed_in(registry, row_of(EVIDENCE_TIME=HOUR_AS_NUMBER[typed]), form=form), Column.EVIDENCE_TIME
    )
    assert typed.replace(".", ":") in error.message, "what to type instead"
    assert "1900" not in error.message
    only_error(handed_in(registry, row_of(POST_TIME=HOUR_AS_NUMBER[typed]), form=form), Column.POST_TIME)


@pytest.mark.parametrize("written", [datetime(1900, 2, 3, 7, 12), -1.5, 24.3, 19.75, 1930])  # noqa: DTZ001
def test_a_number_that_is_no_hour_either_is_refused_without_a_suggestion(registry: Registry, written: Any) -> None:
    error = only_error(handed_in(registry, row_of(EVIDENCE_TIME=written), form="General"), Column.EVIDENCE_TIME)
    assert "misalnya 19.30" in error.message


def test_an_hour_of_a_workbook_that_counts_from_1904_is_never_another_time(registry: Registry) -> None:
    workbook = template(registry)
    workbook.epoch = datetime(1904, 1, 1)  # noqa: DTZ001
    fill(sheet_of(workbook), [row_of(EVIDENCE_TIME=21.45)])
    sheet_of(workbook).cell(FIRST_ROW, list(Column).index(Column.EVIDENCE_TIME) + 1).number_format = "hh:mm"
    error = only_error(read_rows(read_file("t.xlsx", saved(workbook)), registry, TODAY), Column.EVIDENCE_TIME)
    assert "21:45" in error.message


@pytest.mark.parametrize(
    "written",
    [
        datetime(2026, 11, 23, 19, 15),  # noqa: DTZ001
        "23/11/2026 19:15",
        "23/11/2026 19.15",
        "23-11-2026, 19.15 WIB",
        "2026-11-23 19:15:00",
        "2026-11-23T19:15",
        "23 November 2026 pukul 19.15",
    ],
)
def test_a_date_cell_keeps_its_time(registry: Registry, written: Any) -> None:
    row = only_row(handed_in(registry, row_of(POST_DATE=written, POST_TIME=None)))
    assert row.last_post_at == datetime(2026, 11, 23, 19, 15, tzinfo=WIB)
    row = only_row(handed_in(registry, row_of(EVIDENCE_DATE=written, EVIDENCE_TIME=None, POST_DATE="22/11/2026")))
    assert row.observed_at == datetime(2026, 11, 23, 19, 15, tzinfo=WIB)


def test_a_serial_number_keeps_its_time(registry: Registry) -> None:
    row = only_row(handed_in(registry, row_of(POST_DATE=46349.8125, POST_TIME=None), form="General"))
    assert row.last_post_at == datetime(2026, 11, 23, 19, 30, tzinfo=WIB)


def test_two_times_of_one_date_have_to_agree(registry: Registry) -> None:
    written = datetime(2026, 11, 23, 19, 15)  # noqa: DTZ001
    only_row(handed_in(registry, row_of(POST_DATE=written, POST_TIME="19.15")))
    error = only_error(handed_in(registry, row_of(POST_DATE=written, POST_TIME="08.15")), Column.POST_TIME)
    assert "19.15" in error.message


OF_EACH_ZONE = [("kartini", "kartini-x", WIB), ("mahatmiya", "mahatmiya-x", WITA),
                ("wasana-bahagia", "wasana-bahagia-x", WIT)]  # fmt: skip


@pytest.mark.parametrize(("center", "account", "zone"), OF_EACH_ZONE)
@pytest.mark.parametrize("written", ["23/11/2026", date(2026, 11, 23), datetime(2026, 11, 23), 46349])  # noqa: DTZ001
def test_a_post_without_a_time_counts_on_its_date_in_every_zone(
    registry: Registry, center: str, account: str, zone: ZoneInfo, written: Any
) -> None:
    cells = row_of(account, POST_DATE=written, POST_TIME=None)
    row = only_row(handed_in(registry, cells, center, form="General" if written == 46349 else None))
    assert row.last_post_at is not None
    assert {row.last_post_at.astimezone(each).date() for each in (WIB, WITA, WIT, zone)} == {date(2026, 11, 23)}


@pytest.mark.parametrize(("center", "account", "zone"), OF_EACH_ZONE)
def test_a_post_of_the_evidence_s_own_date_is_not_after_it(
    registry: Registry, center: str, account: str, zone: ZoneInfo
) -> None:
    cells = row_of(account, EVIDENCE_TIME="00.30", POST_DATE="24/11/2026", POST_TIME=None)
    row = only_row(handed_in(registry, cells, center))
    assert row.observed_at == datetime(2026, 11, 24, 0, 30, tzinfo=zone)
    assert row.last_post_at is not None
    assert row.last_post_at <= row.observed_at
    assert row.last_post_at.astimezone(zone).date() == date(2026, 11, 24)


@pytest.mark.parametrize(("center", "account", "zone"), OF_EACH_ZONE)
@pytest.mark.parametrize("written", ["20.00", "20:00", "20.00 WIB"])
def test_a_time_is_of_the_center_s_zone_unless_the_cell_names_another(
    registry: Registry, center: str, account: str, zone: ZoneInfo, written: str
) -> None:
    row = only_row(handed_in(registry, row_of(account, EVIDENCE_TIME=written), center))
    assert row.observed_at == datetime(2026, 11, 24, 20, tzinfo=WIB if "WIB" in written else zone)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"POST_DATE": "23/11/26"}, Column.POST_DATE, "tahunnya lengkap"),
        ({"POST_DATE": "2 jam lalu"}, Column.POST_DATE, "bukan tanggal"),
        ({"POST_DATE": "31/11/2026"}, Column.POST_DATE, "tidak ada dalam kalender"),
        ({"POST_DATE": "belum pernah", "POST_TIME": None}, Column.POST_DATE, "tautannya ada"),
        ({"POST_DATE": "belum pernah", "POST_URL": None}, Column.POST_DATE, "jamnya ada"),
        ({"POST_DATE": "belum pernah"}, Column.POST_DATE, "jam dan tautannya ada"),
        ({"POST_DATE": "kemarin", "POST_TIME": None}, Column.POST_DATE, "bukan tanggal"),
        ({"POST_DATE": None, "POST_TIME": None}, Column.POST_DATE, "kosong, padahal tautannya ada"),
        ({"POST_DATE": None}, Column.POST_DATE, "kosong, padahal jam dan tautannya ada"),
        ({"POST_TIME": "siang"}, Column.POST_TIME, "bukan jam"),
        ({"POST_URL": None}, Column.POST_URL, "kosong"),
    ],
)
def test_a_mistaken_post_gets_one_annotation_and_the_true_one(
    registry: Registry, cells: dict[str, Any], column: Column, reason: str
) -> None:
    error = only_error(handed_in(registry, row_of(**cells)), column)
    assert reason in error.message.replace("Kosong", "kosong")
    if cells.get("POST_DATE"):
        assert "kosong" not in error.explanation.split(";")[0]


@pytest.mark.parametrize("never", ["belum pernah", "Belum  Pernah"])
def test_never_posted_alone_is_understood(registry: Registry, never: str) -> None:
    row = only_row(handed_in(registry, row_of(POST_DATE=never, POST_TIME=None, POST_URL=None)))
    assert row.posts_looked_at is PostsObserved.NONE_FOUND


INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad\u202f\u2009\u3000\u061c\ue000\x0b"


@pytest.mark.parametrize("mark", INVISIBLE, ids=[f"U+{ord(mark):04X}" for mark in INVISIBLE])
@pytest.mark.parametrize("column", [Column.FOLLOWERS, Column.EVIDENCE_DATE, Column.POST_URL, Column.PROGRAM])
def test_an_invisible_character_in_a_csv_is_an_annotation_on_its_cell(
    registry: Registry, mark: str, column: Column
) -> None:
    cells = row_of(PROGRAM="ATENSI")
    cells[column] = cells[column][:2] + "§" + cells[column][2:]
    content = as_csv(registry, cells).decode().replace("§", mark).encode()
    error = only_error(read_rows(read_file("kartini.csv", content), registry, TODAY), column)
    assert f"U+{ord(mark):04X}" in error.message


def test_an_emoji_of_several_characters_is_an_annotation_on_its_cell(registry: Registry) -> None:
    content = as_csv(registry, row_of(PROGRAM="ATENSI 👨‍👩‍👧"))
    assert "U+200D" in only_error(read_rows(read_file("k.csv", content), registry, TODAY), Column.PROGRAM).message
    only_row(read_rows(read_file("k.csv", as_csv(registry, row_of(PROGRAM="ATENSI 🙏"))), registry, TODAY))


@pytest.mark.parametrize(
    ("officer", "problem"),
    [(None, "belum diisi"), ("siti\u200b.humas", "bukan nama pengguna"), ("Siti, S.Sos", "bukan")],
)
def test_the_annotation_of_the_officer_s_name_is_true(registry: Registry, officer: str | None, problem: str) -> None:
    workbook = template(registry)
    fill(sheet_of(workbook), [row_of()], officer)
    _, errors = read_rows(read_file("t.xlsx", saved(workbook)), registry, TODAY)
    assert [error.explanation.startswith(problem) for error in errors] == [True]


def test_times_of_a_workbook_stay_as_they_are(registry: Registry) -> None:
    row = only_row(handed_in(registry, row_of(EVIDENCE_TIME=time(19, 30), POST_TIME=timedelta(hours=8, minutes=15))))
    assert row.observed_at == datetime(2026, 11, 24, 19, 30, tzinfo=WIB)
    assert row.last_post_at == datetime(2026, 11, 23, 8, 15, tzinfo=WIB)
