"""Lists of accounts as officers fill them in: taken completely, or returned with every error of every row."""

import csv
import io
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from social_metrics.intake.account_list import ANNOTATION, ImportResult, import_accounts
from social_metrics.registry.change_log import Author, read_changes
from social_metrics.registry.edits import editing
from social_metrics.registry.registry import load_registry
from social_metrics.settings import DEFAULT_REGISTRY

AT = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
SITI, BUDI = "siti.humas", "budi.data"
HEADER = ("Sentra", "Alamat akun", "ID akun", "Bukti")
CHANNEL, OTHER_CHANNEL = "UCabcdefghijklmnopqrstuv", "UCzyxwvutsrqponmlkjihgfe"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))


def as_csv(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue().encode()


def as_workbook(*rows: tuple[Any, ...]) -> bytes:
    workbook = Workbook()
    for row in (HEADER, *rows):
        workbook.active.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def send(folder: Path, content: bytes, by: str = SITI, name: str = "akun.csv") -> ImportResult:
    return import_accounts(name, content, folder=folder, by=by, at=AT)


def cells_of(result: ImportResult) -> list[tuple[int | None, str | None]]:
    return [(error.row, error.column_label) for error in result.errors]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("kartini", "kartini"),
        ("KARTINI", "kartini"),
        ("Kartini", "kartini"),
        ("Sentra Kartini", "kartini"),
        ("Sentra Terpadu Kartini", "kartini"),
        ("  sentra   terpadu\u00a0Kartini. ", "kartini"),
        ("STPL", "pangudi-luhur"),
        ("Sentra Wyataguna", "wyata-guna"),
        ("sentra wyata-guna", "wyata-guna"),
        ("Sentra Darussa'adah", "darussaadah"),
        ("Sentra Darussa\u2019adah", "darussaadah"),
        ("Sentra Darussa\u2018adah", "darussaadah"),
        ("Sentra Darussa`adah", "darussaadah"),
        ("Sentra Darussa\u00b4adah", "darussaadah"),
        ("Sentra Darussa\u02bcadah", "darussaadah"),
        ("Darussaadah", "darussaadah"),
        ("Sentra Terpadu Prof. Dr. Soeharso", "soeharso"),
        ("Sentra Soeharso", "soeharso"),
        ("BRSAMPK Antasena", "antasena"),
        ("Satria Baturraden", "satria"),
        ("\uff33\uff34\uff30\uff2c", "pangudi-luhur"),
    ],
)
def test_a_center_is_found_by_every_name_of_the_registry(folder: Path, written: str, code: str) -> None:
    result = send(folder, as_csv((written, "https://x.com/contoh_a", "", "surat 1")))
    assert ([error.message for error in result.errors], result.submitted) == ([], [f"{code}-x"])


@pytest.mark.parametrize(
    ("written", "suggested"),
    [
        ("kartinni", "Sentra Terpadu Kartini (kartini)"),
        ("Sentra Kartini Temanggung", "Sentra Terpadu Kartini (kartini)"),
        ("Sentra Mahatmya", "Sentra Mahatmiya (mahatmiya)"),
        ("Wyata Gunna", "Sentra Wyata Guna (wyata-guna)"),
        ("Budi", "Sentra Budi Luhur (budi-luhur)"),
        ("Tan Miyat", "Sentra Terpadu Pangudi Luhur (pangudi-luhur)"),  # the alias ended in 2022
    ],
)
def test_an_unknown_center_is_annotated_with_a_suggestion(folder: Path, written: str, suggested: str) -> None:
    result = send(folder, as_csv((written, "https://x.com/contoh_a", "", "surat 1")))
    assert cells_of(result) == [(2, "Sentra")]
    assert "mungkin maksud Anda" in result.errors[0].message
    assert suggested in result.errors[0].message


def test_a_center_that_resembles_none_is_annotated_without_a_suggestion(folder: Path) -> None:
    (error,) = send(folder, as_csv(("Qqqq", "https://x.com/contoh_a", "", "surat 1"))).errors
    assert "maksud Anda" not in error.message
    assert "kartini" in error.message


@pytest.mark.parametrize(
    "account_id",
    ["1,78414E+16", "1.78414E+16", "1,78414e16", "-", "–", "tidak tahu", "Tidak Tahu", "belum ada", "n/a", "?",
     "@contoh", "12 34", "https://x.com/i/user/1", "abc", "١٢٣٤٥٦"],
)  # fmt: skip
def test_an_unusable_id_is_annotated_on_its_cell(folder: Path, account_id: str) -> None:
    result = send(folder, as_csv(("kartini", "https://www.instagram.com/contoh", account_id, "surat 1")))
    assert cells_of(result) == [(2, "ID akun")]
    assert "kosongkan" in result.errors[0].message


@pytest.mark.parametrize(
    "account_id",
    ["tidaktahu", "belum-tahu", "kosongkan", "BelumDiketahui", "contoh_sentra", "Contoh_Sentra", "tidak_tersedia"],
)
@pytest.mark.parametrize("handle", ["contoh_sentra", "contoh_2026"])
def test_a_word_is_no_id_where_an_id_may_have_letters(folder: Path, account_id: str, handle: str) -> None:
    address = f"https://www.tiktok.com/@{handle}"
    result = send(folder, as_csv(("kartini", address, account_id, "surat 1")))
    assert cells_of(result) == [(2, "ID akun")]
    assert "kosongkan" in result.errors[0].message
    assert cells_of(send(folder, as_csv(("kartini", address, handle.upper(), "surat 1")))) == [(2, "ID akun")]
    open_id = "_000CmaZ4kQ7vWl1xY2b3T5n6R8p9S0d"
    assert send(folder, as_csv(("kartini", address, open_id, "surat 1"))).submitted == ["kartini-tiktok"]


@pytest.mark.parametrize("account_id", [17841400000000001, 1.78414e16, 4711])
def test_an_id_typed_as_a_number_is_annotated_on_its_cell(folder: Path, account_id: float) -> None:
    content = as_workbook(("kartini", "https://www.instagram.com/contoh", account_id, "surat 1"))
    result = send(folder, content, name="akun.xlsx")
    assert cells_of(result) == [(2, "ID akun")]


def test_an_id_beside_the_address_of_another_channel_is_refused(folder: Path) -> None:
    address = f"https://www.youtube.com/channel/{CHANNEL}"
    result = send(folder, as_csv(("kartini", address, OTHER_CHANNEL, "surat 1")))
    assert cells_of(result) == [(2, "ID akun")]
    assert CHANNEL in result.errors[0].message
    assert send(folder, as_csv(("kartini", address, CHANNEL, "surat 1"))).submitted == ["kartini-youtube"]


def test_every_error_of_a_row_is_reported_at_once(folder: Path) -> None:
    result = send(folder, as_csv(("kartinni", "@contoh", "-", ""), ("satria", "", "", "")))
    assert cells_of(result) == [
        (2, "Sentra"), (2, "Alamat akun"), (2, "ID akun"), (2, "Bukti"), (3, "Alamat akun"), (3, "Bukti"),
    ]  # fmt: skip
    assert result.annotated is not None
    line = result.annotated.decode().splitlines()[1]
    assert all(f"Kolom {letter}:" in line for letter in "ABCD")


@pytest.mark.parametrize("address", ["-", "tidak ada", "Belum ada", "n/a", "tidak punya"])
def test_a_word_for_no_account_is_not_taken_for_an_address(folder: Path, address: str) -> None:
    (error,) = send(folder, as_csv(("kartini", address, "", "surat 1"))).errors
    assert (error.column_label, "hapus baris" in error.message) == ("Alamat akun", True)


@pytest.mark.parametrize(
    "address",
    ["https://www.linkedin.com/company/contoh", "https://www.youtube.com/c/Contoh", "https://www.instagram.com/p/Cabc",
     "https://bit.ly/abc", "@contoh", "https://x.com/a_handle_that_is_too_long"],
)  # fmt: skip
def test_an_annotation_about_an_address_is_indonesian(folder: Path, address: str) -> None:
    (error,) = send(folder, as_csv(("kartini", address, "", "surat 1"))).errors
    assert not {"the", "is", "not", "Open", "copy"} & set(error.message.replace("'", " ").split())


def test_evidence_with_a_control_character_is_annotated_on_its_cell(folder: Path) -> None:
    content = as_workbook(("kartini", "https://x.com/contoh_a", None, "surat\u20281"))
    assert cells_of(send(folder, content, name="akun.xlsx")) == [(2, "Bukti")]


def test_two_accounts_of_one_center_in_one_list_are_both_kept(folder: Path) -> None:
    rows = [("kartini", f"https://x.com/contoh_{letter}", "", "surat 1") for letter in "ab"]
    assert send(folder, as_csv(*rows)).submitted == ["kartini-x", "kartini-x-2"]
    handles = {row.account_code: row.handle for row in load_registry(folder).accounts if row.status == "submitted"}
    assert handles == {"kartini-x": "contoh_a", "kartini-x-2": "contoh_b"}


def test_accounts_of_one_center_sent_by_two_officers_are_both_kept(folder: Path) -> None:
    first = send(folder, as_csv(("kartini", "https://x.com/contoh_a", "", "surat 1")), by=SITI)
    second = send(folder, as_csv(("kartini", "https://x.com/contoh_b", "", "surat 2")), by=BUDI)
    assert (first.submitted, second.submitted) == (["kartini-x"], ["kartini-x-2"])
    assert [(change.account_code, change.changed_by) for change in read_changes(folder)] == [
        ("kartini-x", SITI), ("kartini-x-2", BUDI),
    ]  # fmt: skip


@pytest.mark.parametrize("again", ["https://x.com/contoh_a", "https://twitter.com/Contoh_A?s=20", "x.com/contoh_a."])
def test_the_same_account_twice_in_a_list_is_annotated_with_the_row(folder: Path, again: str) -> None:
    rows = (("kartini", "https://x.com/contoh_a", "", "surat 1"), ("satria", again, "", "surat 1"))
    result = send(folder, as_csv(*rows))
    assert cells_of(result) == [(3, "Alamat akun")]
    assert "baris 2" in result.errors[0].message


def test_another_handle_beside_a_verified_account_is_annotated_in_indonesian(folder: Path) -> None:
    assert send(folder, as_csv(("kartini", "https://x.com/contoh_a", "", "surat 1"))).submitted == ["kartini-x"]
    with editing(folder) as edit:
        edit.verify("kartini-x", Author(BUDI, AT, "surat 1"))
    (error,) = send(folder, as_csv(("kartini", "https://x.com/contoh_b", "", "surat 2"))).errors
    assert "kartini-x" in error.message
    assert "hubungi tim data" in error.message
    assert "terverifikasi" in error.message


def test_commas_within_a_cell_are_no_columns(folder: Path) -> None:
    evidence = "surat " + ", ".join(map(str, range(70)))
    assert send(folder, as_csv(("kartini", "https://x.com/contoh_a", "", evidence))).submitted == ["kartini-x"]


def annotations(content: bytes, name: str) -> list[list[Any]]:
    if name.endswith(".csv"):
        return [list(row) for row in csv.reader(io.StringIO(content.decode()))]
    return [list(row) for row in load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]


def corrected(content: bytes, name: str) -> bytes:
    """The list as an officer returns it: the second row's address corrected, everything else left as it was."""
    if name.endswith(".csv"):
        return content.replace(b"@contoh_b", b"https://x.com/contoh_b")
    workbook = load_workbook(io.BytesIO(content))
    workbook.active["B3"] = "https://x.com/contoh_b"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["akun.csv", "akun.xlsx"])
def test_annotations_stand_in_one_column_and_are_replaced(folder: Path, name: str) -> None:
    rows = (("kartinni", "@contoh_a", "", "surat 1, 2, 3"), ("satria", "@contoh_b", "", "surat 2"))
    content = as_csv(*rows) if name.endswith(".csv") else as_workbook(*rows)
    for sent in range(3):
        result = send(folder, content, name=name)
        assert result.annotated is not None
        shown = annotations(result.annotated, name)
        assert shown[0] == [*HEADER, ANNOTATION]
        assert {len(row) for row in shown} == {5}
        assert "Kolom A" in shown[1][4]
        assert bool(shown[2][4]) == (sent == 0)
        content = corrected(result.annotated, name)
