"""Invalid workbooks: each is read right, or returned with an error that names place and correction."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from openpyxl import load_workbook

from social_metrics.intake.form import CODE_ROW, FIRST_ROW, INPUT_COLUMN, Column
from social_metrics.intake.ingest import IngestResult
from social_metrics.intake.spreadsheet.validation_errors import FileRefused
from tests.support.officer import TODAY, Desk, fill, put, saved, screenshot, sheet_of

PLACE = re.compile(r"^Lembar '\w+', baris \d+, kolom [A-Z]+ \(.+?\): .+[;,].+\.$")


def only_error(result: IngestResult) -> str:
    """The one error; nothing was taken, and the copy is annotated with it."""
    assert result.taken == []
    assert result.unchanged == []
    assert result.annotated is not None
    assert len(result.errors) == 1, [error.message for error in result.errors]
    return result.errors[0].message


CELLS = [
    pytest.param({Column.EVIDENCE_DATE: TODAY + timedelta(days=1)}, "belum terjadi", id="future date"),
    pytest.param({Column.EVIDENCE_TIME: "20.01"}, "belum terjadi", id="later this evening"),
    pytest.param({Column.EVIDENCE_DATE: date(2026, 9, 1), Column.POST_DATE: None, Column.POST_TIME: None,
                  Column.POST_URL: None}, "hari yang lalu", id="too old"),
    pytest.param({Column.EVIDENCE_DATE: date(2026, 11, 20), Column.POST_DATE: date(2026, 11, 19)},
                 "tidak cocok dengan tanggal pada nama berkas", id="backdated"),
    pytest.param({Column.ACCOUNT: "satria-x"}, "milik sentra lain", id="another center's account"),
    pytest.param({Column.ACCOUNT: "kartini-tiktok"}, "belum diketahui akunnya", id="placeholder"),
    pytest.param({Column.ACCOUNT: "kartini-myspace"}, "tidak ada dalam registri", id="unknown account"),
    pytest.param({Column.FOLLOWERS: "1.2"}, "satuannya", id="decimal without unit"),
    pytest.param({Column.FOLLOWERS: 1.234}, "pecahan", id="1.234 typed where a point is a decimal"),
    pytest.param({Column.FOLLOWERS: datetime(2026, 12, 3)}, "tanggal", id="count made a date"),  # noqa: DTZ001
    pytest.param({Column.FOLLOWERS: "=1+1"}, "rumus", id="formula"),
    pytest.param({Column.FOLLOWERS: None}, "Kosong", id="blank count"),
    pytest.param({Column.EVIDENCE_DATE: "11/24/2026"}, "tanggal/bulan/tahun", id="American date"),
    pytest.param({Column.EVIDENCE_DATE: "46350"}, "nomor seri Excel", id="serial number as text"),
    pytest.param({Column.EVIDENCE_TIME: None}, "Kosong", id="no time"),
    pytest.param({Column.POST_DATE: TODAY, Column.POST_TIME: "19.45"}, "setelah saat bukti", id="post after evidence"),
    pytest.param({Column.POST_URL: "https://www.facebook.com/x"}, "bukan alamat di YouTube", id="other platform"),
    pytest.param({Column.POST_URL: None}, "Kosong", id="post without address"),
    pytest.param({Column.OUTREACH: "mungkin"}, "ya atau tidak", id="neither yes nor no"),
    pytest.param({Column.EVIDENCE_FILE: "missing.png"}, "tidak ada di antara berkas", id="no such evidence"),
    pytest.param({Column.EVIDENCE_FILE: "../secret.png"}, "nama folder", id="path in evidence"),
    pytest.param({Column.EVIDENCE_FILE: "notes.txt"}, "bukan gambar", id="evidence of another kind"),
    pytest.param({Column.PROGRAM: "x" * 600}, "terlalu panjang", id="a novel"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "reason"), CELLS)
def test_a_bad_cell_returns_the_file_with_place_and_correction(
    desk: Desk, cells: dict[Column, Any], reason: str
) -> None:
    desk.files["notes.txt"] = b"just words"
    workbook = desk.template()
    sheet = sheet_of(workbook)
    fill(sheet, [desk.good_row("kartini-youtube"), desk.good_row("kartini-facebook")])
    put(sheet, FIRST_ROW, cells)
    result = desk.hand_in(workbook)
    sentence = only_error(result)
    assert reason in sentence
    assert PLACE.match(sentence), sentence
    assert f"baris {FIRST_ROW}" in sentence
    assert result.annotated is not None
    returned = load_workbook(io.BytesIO(result.annotated))["kartini"]
    assert reason in str(returned.cell(FIRST_ROW, len(Column)).value)
    assert returned.cell(FIRST_ROW + 1, len(Column)).value is None
    with psycopg.connect(desk.warehouse_url) as connection:
        assert connection.execute("select count(*) from raw.manual_entries").fetchone() == (0,)
        assert connection.execute("select count(*) from raw.evidence_files").fetchone() == (0,)


SHEETS: list[Any] = [
    pytest.param(lambda s: s.merge_cells(f"D{FIRST_ROW}:D{FIRST_ROW + 1}"), "sel gabungan", id="merged cells"),
    pytest.param(lambda s: setattr(s.row_dimensions[FIRST_ROW], "hidden", True), "disembunyikan", id="hidden row"),
    pytest.param(lambda s: setattr(s, "sheet_state", "hidden"), "disembunyikan", id="hidden sheet"),
    pytest.param(lambda s: s.delete_cols(4), "Kolom hilang: Tanggal bukti", id="column deleted"),
    pytest.param(lambda s: s.delete_rows(6), "Judul kolom", id="header deleted"),
    pytest.param(lambda s: setattr(s["B3"], "value", None), "nama pengguna", id="no-officer"),
    pytest.param(lambda s: setattr(s["B3"], "value", "Siti Humas, S.Sos"), "nama pengguna", id="no user name"),
    pytest.param(lambda s: setattr(s.cell(CODE_ROW, INPUT_COLUMN), "value", None), "kode templat", id="no code"),
    pytest.param(lambda s: setattr(s.cell(CODE_ROW, INPUT_COLUMN), "value", "entri-manual/v0/kartini/2026-11-24"),
                 "bentuk lama", id="older form"),
    pytest.param(lambda s: setattr(s.cell(CODE_ROW, INPUT_COLUMN), "value", "entri-manual/v1/kartini/2025-11-24"),
                 "berumur 365 hari", id="a template from last year"),
    pytest.param(lambda s: setattr(s.cell(CODE_ROW, INPUT_COLUMN), "value", "entri-manual/v1/melati/2026-11-24"),
                 "sentra yang tidak ada", id="no such center"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "reason"), SHEETS)
def test_a_spoiled_sheet_is_returned(desk: Desk, spoil: Callable[[Any], None], reason: str) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube")])
    spoil(sheet_of(workbook))
    result = desk.hand_in(workbook)
    assert result.taken == []
    assert reason in " ".join(error.message for error in result.errors)
    assert all(error.message.startswith("Lembar 'kartini'") for error in result.errors)


def test_duplicates_name_the_other_row(desk: Desk) -> None:
    workbook = desk.template()
    row = desk.good_row("kartini-youtube")
    desk.files["other.png"] = screenshot("another")
    fill(sheet_of(workbook), [row, row | {Column.EVIDENCE_FILE: "other.png"}])
    assert "tanggal yang sama pada kartini, baris 7" in only_error(desk.hand_in(workbook))


def test_one_screenshot_stands_for_one_account_and_date(desk: Desk) -> None:
    workbook = desk.template()
    first, second = desk.good_row("kartini-youtube"), desk.good_row("kartini-facebook")
    fill(sheet_of(workbook), [first, second | {Column.EVIDENCE_FILE: first[Column.EVIDENCE_FILE]}])
    assert "memerlukan bukti sendiri" in only_error(desk.hand_in(workbook))
    fill(sheet_of(workbook), [first, dict.fromkeys(second)])
    put(sheet_of(workbook), FIRST_ROW + 1, {Column.ACCOUNT: "kartini-facebook"})
    assert len(desk.hand_in(workbook).taken) == 1
    later = desk.template()
    desk.now += timedelta(days=1)
    reused = desk.good_row("kartini-youtube", TODAY + timedelta(days=1))
    desk.files["again.png"] = desk.files[first[Column.EVIDENCE_FILE]]
    fill(sheet_of(later), [reused | {Column.EVIDENCE_FILE: "again.png"}])
    assert "sudah dipakai untuk kartini-youtube tanggal 24/11/2026" in only_error(desk.hand_in(later))


def test_the_way_in_may_be_one_center_s_own(desk: Desk) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook, "satria"), [desk.good_row("satria-x")])
    assert "milik sentra satria" in only_error(desk.hand_in(workbook, center_code="kartini"))


def test_columns_may_be_moved(desk: Desk) -> None:
    workbook = desk.template()
    sheet = sheet_of(workbook)
    fill(sheet, [desk.good_row("kartini-youtube")])
    sheet.insert_cols(4)
    assert desk.hand_in(workbook).taken == ["kartini-youtube/2026-11-24/1"]


def test_serial_numbers_of_a_workbook_are_its_dates(desk: Desk) -> None:
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube")])
    put(sheet_of(workbook), FIRST_ROW, {Column.EVIDENCE_DATE: 46350, Column.EVIDENCE_TIME: 0.8125})
    sheet_of(workbook).cell(FIRST_ROW, 4).number_format = "General"
    sheet_of(workbook).cell(FIRST_ROW, 5).number_format = "General"
    assert desk.hand_in(workbook).taken == ["kartini-youtube/2026-11-24/1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_any_spreadsheet_program_writes_it(desk: Desk, encoding: str, delimiter: str) -> None:
    content = as_csv(desk, delimiter).encode(encoding)
    result = desk.hand_in(content, "kartini.csv")
    assert [error.message for error in result.errors] == []
    assert result.taken == ["kartini-youtube/2026-11-24/1"]


def test_a_bad_csv_comes_back_in_its_own_form(desk: Desk) -> None:
    content = as_csv(desk, ";", followers="Darussa’adah").encode("cp1252")
    result = desk.hand_in(content, "kartini.csv")
    assert "Baris 7, kolom F (Pengikut seperti tertera)" in only_error(result)
    assert result.annotated is not None
    lines = list(csv.reader(io.StringIO(result.annotated.decode("cp1252")), delimiter=";"))
    assert "bukan jumlah pengikut" in lines[FIRST_ROW - 1][len(Column) - 1]


def as_csv(desk: Desk, delimiter: str, followers: str = "12,3 rb") -> str:
    """The sheet as a program saves it: every cell as it is displayed."""
    workbook = desk.template()
    sheet = sheet_of(workbook)
    fill(sheet, [desk.good_row("kartini-youtube", followers=followers)])
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    for cells in sheet.iter_rows(values_only=True):
        writer.writerow(["" if c is None else f"{c:%d/%m/%Y}" if isinstance(c, date) else c for c in cells])
    return stream.getvalue()


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_part(desk: Desk, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A filled template in which one part of the archive is another."""
    workbook = desk.template()
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube")])
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(workbook))) as old, zipfile.ZipFile(stream, "w") as new:
        for part in {*old.namelist(), name}:
            content = old.read(part) if part in old.namelist() else b""
            new.writestr(part, change(content) if part == name else content)
    return stream.getvalue()


FILES: list[Any] = [
    pytest.param(lambda desk: b"", "kosong", id="empty"),
    pytest.param(lambda desk: b"PK\x03\x04" + b"junk" * 100, "rusak atau terpotong", id="cut archive"),
    pytest.param(lambda desk: saved(desk.template())[:2000], "rusak atau terpotong", id="cut workbook"),
    pytest.param(lambda desk: bytes(range(256)) * 40_000, "MB; paling besar", id="10 MB of junk"),
    pytest.param(lambda desk: bytes(range(256)) * 40, "bukan .xlsx dan bukan CSV", id="junk"),
    pytest.param(lambda desk: screenshot("x"), "bukan .xlsx dan bukan CSV", id="a picture"),
    pytest.param(lambda desk: b"%PDF-1.7 ...", "bukan .xlsx dan bukan CSV", id="a PDF"),
    pytest.param(lambda desk: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "kata sandi", id="old or locked workbook"),
    pytest.param(lambda desk: "Akun;x".encode("utf-16"), "Teks Unicode", id="UTF-16"),
    pytest.param(lambda desk: b'"Akun,x\n1,2\n', "tanda kutip", id="open quotes"),
    pytest.param(lambda desk: b"a," * 100, "bukan templat", id="too wide"),
    pytest.param(lambda desk: zipped(**{"word/document.xml": b"<x/>"}), "bukan lembar kerja", id="a letter"),
    pytest.param(lambda desk: zipped(**{"xl/workbook.xml": b"0" * 20_000_000, "[Content_Types].xml": b"<x/>"}),
                 "jauh lebih besar", id="zip bomb"),
    pytest.param(lambda desk: zipped(**{f"{n}.xml": b"<x/>" for n in range(600)}), "jauh lebih besar", id="many parts"),
    pytest.param(lambda desk: with_part(desk, "xl/vbaProject.bin", lambda _: b"Sub"), "makro", id="macros"),
    pytest.param(lambda desk: with_part(desk, "xl/workbook.xml", lambda xml: b"<!DOCTYPE x [<!ENTITY a 'a'>]>" + xml),
                 "bukan|tidak dibuat oleh program", id="entities"),
    pytest.param(lambda desk: with_part(desk, "xl/worksheets/sheet2.xml", lambda xml: xml.replace(
                     b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')),
                 "terlalu banyak sel", id="a merged range of all cells"),
    pytest.param(lambda desk: with_part(desk, "xl/worksheets/sheet2.xml", lambda xml: xml.replace(
                     b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')),
                 "terisi sampai baris 1048576", id="a cell at the far end"),
    pytest.param(lambda desk: with_part(desk, "xl/worksheets/sheet2.xml", lambda xml: xml[: len(xml) // 2]),
                 "strukturnya rusak", id="half a sheet"),
    pytest.param(lambda desk: with_part(desk, "xl/workbook.xml", lambda xml: xml.replace(
                     xml[xml.index(b"<sheets>") : xml.index(b"</sheets>")], b"<sheets>")),
                 "tidak berisi satu lembar pun|strukturnya rusak", id="no sheets"),
    pytest.param(lambda desk: with_part(desk, "xl/styles.xml", lambda xml: b"<nothing/>"), "rusak", id="no styles"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), FILES)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    desk: Desk, make: Callable[[Desk], bytes], reason: str
) -> None:
    with pytest.raises(FileRefused, match=reason) as caught:
        desk.hand_in(make(desk))
    assert str(caught.value).endswith(".")


def test_a_workbook_that_hides_every_sheet_comes_back_visible(desk: Desk) -> None:
    workbook = desk.template("kartini-youtube")
    fill(sheet_of(workbook), [desk.good_row("kartini-youtube")])
    content = saved(workbook)
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(
                name, part.replace(b'state="visible"', b'state="hidden"') if name == "xl/workbook.xml" else part
            )
    result = desk.hand_in(stream.getvalue())
    assert "disembunyikan" in result.errors[0].message
    assert result.annotated is not None
    assert load_workbook(io.BytesIO(result.annotated))["kartini"].sheet_state == "visible"


def test_an_empty_template_says_what_to_do(desk: Desk) -> None:
    result = desk.hand_in(desk.template())
    assert "tidak ada satu baris pun yang diisi" in result.errors[0].explanation
