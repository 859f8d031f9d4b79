"""The life of an account: two persons, dated rows, a trace of every step, and nothing half-written."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from social_metrics.clock import wib_date
from social_metrics.intake.account_list import import_accounts
from social_metrics.registry import registry_files
from social_metrics.registry.account_urls import read_account_url
from social_metrics.registry.change_log import Author, ChangeRefused, history_conflicts, read_changes
from social_metrics.registry.edits import editing
from social_metrics.registry.registry import RegistryProblem, load_registry
from tests.support.registry_edits import BUDI, DAY_1, SITI, add, author, close, column_of, rename, rows_of, verify


def test_from_placeholder_to_verified_by_two_persons(folder: Path) -> None:
    code = add(folder, "https://x.com/sentra_kartini")
    verify(folder, code, days=3)
    assert rows_of(folder, code) == [
        ("placeholder", "", "2024-01-01", "2026-11-01"),
        ("submitted", "sentra_kartini", "2026-11-02", "2026-11-04"),
        ("verified", "sentra_kartini", "2026-11-05", ""),
    ]
    assert [(c.status, c.changed_by, c.evidence_ref) for c in read_changes(folder)] == [
        ("submitted", SITI, "surat 12/2026"),
        ("verified", BUDI, "surat 12/2026"),
    ]
    account = load_registry(folder).account_on(code, wib_date(DAY_1 + timedelta(days=3)))
    assert account is not None
    assert account.review_due_at == wib_date(DAY_1 + timedelta(days=3 + 180))
    assert not account.is_under_review_on(wib_date(DAY_1 + timedelta(days=182)))
    assert account.is_under_review_on(wib_date(DAY_1 + timedelta(days=183)))


def test_nobody_verifies_what_they_submitted(folder: Path) -> None:
    code = add(folder, "https://x.com/sentra_kartini")
    before = (folder / "center_accounts.csv").read_bytes()
    with pytest.raises(ChangeRefused, match="another person has to verify"):
        verify(folder, code, by=SITI)
    assert (folder / "center_accounts.csv").read_bytes() == before


def test_an_edit_by_hand_does_not_pass_for_a_submission(folder: Path) -> None:
    path = folder / "center_accounts.csv"
    text = path.read_text().replace(
        "kartini-x,kartini,x,,,,Sentra Terpadu Kartini,humas,placeholder",
        "kartini-x,kartini,x,,someone,,Sentra Terpadu Kartini,humas,submitted",
    )
    path.write_text(text)
    with pytest.raises(ChangeRefused, match="does not name the person who submitted"):
        verify(folder, "kartini-x")
    assert add(folder, "https://x.com/someone") == "kartini-x", "the next step that the refusal names"
    verify(folder, "kartini-x")
    assert rows_of(folder, "kartini-x")[-1][:2] == ("verified", "someone")


def test_rows_and_trace_are_compared(folder: Path) -> None:
    code = add(folder, "https://x.com/sentra_kartini")
    registry, changes, day = load_registry(folder), read_changes(folder), wib_date(DAY_1)
    assert history_conflicts(registry, changes, day) == []
    path = folder / "center_accounts.csv"
    path.write_text(path.read_text().replace("submitted", "verified"))
    assert f"{code} is verified" in history_conflicts(load_registry(folder), changes, day)[0]


def test_the_same_account_is_not_registered_twice(folder: Path) -> None:
    add(folder, "https://x.com/sentra_kartini")
    with pytest.raises(ChangeRefused, match=r"already, as kartini-x \(submitted\) of kartini"):
        add(folder, "https://twitter.com/Sentra_Kartini", center="satria")


def test_an_account_with_another_id_is_added_beside_the_verified_one_or_after_its_end(folder: Path) -> None:
    code = add(folder, "https://x.com/old_name", account_id="4711")
    verify(folder, code, days=1)
    with pytest.raises(ChangeRefused, match="close the old one first"):
        add(folder, "https://x.com/second", days=6, account_id="4712")
    assert add(folder, "https://x.com/second", days=6, account_id="4712", is_another=True) == "kartini-x-2"
    close(folder, code, days=7)
    assert add(folder, "https://x.com/third", days=7, account_id="4713") == "kartini-x-3"
    statuses = {row.account_code: row.status for row in load_registry(folder).accounts if row.handle}
    assert statuses == {"kartini-x": "closed", "kartini-x-2": "submitted", "kartini-x-3": "submitted"}


def test_a_new_address_of_a_verified_account_leads_to_the_command_that_renames(folder: Path) -> None:
    code = add(folder, "https://x.com/old_name", account_id="4711")
    verify(folder, code, days=1)
    command = f"social-metrics account rename {code} https://x.com/new_name"
    for account_id in ("4711", None):
        with pytest.raises(ChangeRefused, match=command):
            add(folder, "https://x.com/new_name", days=5, account_id=account_id)


def test_a_rename_without_api_access_is_a_new_row_of_the_same_code(folder: Path) -> None:
    code = add(folder, "https://x.com/old_name")
    verify(folder, code, days=1)
    rename(folder, code, "https://x.com/new_name", days=5)
    assert rows_of(folder, code)[-2:] == [
        ("verified", "old_name", "2026-11-03", "2026-11-06"),
        ("submitted", "new_name", "2026-11-07", ""),
    ]
    assert read_changes(folder)[-1].note == "renamed from old_name to new_name"
    with pytest.raises(ChangeRefused, match="another person"):
        verify(folder, code, by=SITI, days=5)
    verify(folder, code, days=5)
    assert rows_of(folder, code)[-1] == ("verified", "new_name", "2026-11-07", "")
    assert len({row.account_code for row in load_registry(folder).accounts if row.handle}) == 1


def test_a_rename_that_the_platform_s_id_proves_stays_verified(folder: Path) -> None:
    """The log then has `verified` by the person who submitted it: that is no verification."""
    code = add(folder, "https://x.com/old_name", account_id="4711")
    verify(folder, code, days=1)
    rename(folder, code, "https://x.com/new_name", days=5, account_id="4711")
    assert rows_of(folder, code)[-1] == ("verified", "new_name", "2026-11-07", "")
    assert column_of(folder, code, "verified_at")[-2:] == ["2026-11-03", "2026-11-03"]
    assert history_conflicts(load_registry(folder), read_changes(folder), date(2026, 11, 7)) == []


def test_a_rename_keeps_the_platform_id_and_refuses_another_one(folder: Path) -> None:
    code = add(folder, "https://x.com/old_name", account_id="4711")
    verify(folder, code, days=1)
    with pytest.raises(ChangeRefused, match="has the id 4711"):
        rename(folder, code, "https://x.com/new_name", days=5, account_id="4712")
    rename(folder, code, "https://x.com/new_name", days=5)
    account = load_registry(folder).account_on(code, wib_date(DAY_1 + timedelta(days=5)))
    assert account is not None
    assert (account.handle, account.platform_account_id, account.status) == ("new_name", "4711", "submitted")


@pytest.mark.parametrize(
    ("code", "address", "reason"),
    [
        ("kartini-x", "https://www.instagram.com/new_name", "is not an account on Instagram"),
        ("kartini-tiktok", "https://www.tiktok.com/@new_name", "has no address yet"),
        ("melati-x", "https://x.com/new_name", "is not in the registry"),
        ("kartini-x", "https://x.com/Kartini_X", r"in the registry already, as kartini-x \(submitted\)"),
        ("kartini-x", "https://x.com/satria_x", "in the registry already, as satria-x"),
        ("satria-youtube", "https://www.youtube.com/@new_name", "is closed. Only a submitted or verified"),
    ],
)
def test_a_rename_that_cannot_be_is_refused(folder: Path, code: str, address: str, reason: str) -> None:
    add(folder, "https://x.com/kartini_x")
    add(folder, "https://x.com/satria_x", center="satria")
    add(folder, "https://www.youtube.com/@satria", center="satria")
    close(folder, "satria-youtube", by=SITI)
    with pytest.raises(ChangeRefused, match=reason):
        rename(folder, code, address, days=1)


def test_who_moves_or_renames_a_submitted_account_does_not_hide_who_submitted_it(folder: Path) -> None:
    code = add(folder, "https://x.com/old_name", by=SITI)
    rename(folder, code, "https://x.com/new_name", by=BUDI)
    for person in (SITI, BUDI):
        with pytest.raises(ChangeRefused, match="another person"):
            verify(folder, code, by=person)
    verify(folder, code, by="ani.data")


def test_a_second_account_never_overwrites_the_first(folder: Path) -> None:
    codes = [add(folder, f"https://x.com/name_{number}", by=by) for number, by in ((1, SITI), (2, BUDI), (3, SITI))]
    assert codes == ["kartini-x", "kartini-x-2", "kartini-x-3"]
    codes.append(add(folder, "https://x.com/name_4", days=4))
    assert [rows_of(folder, code)[-1][:2] for code in codes] == [
        ("submitted", f"name_{number}") for number in (1, 2, 3, 4)
    ]


def test_a_verified_account_under_a_second_code_is_offered_as_renamed(folder: Path) -> None:
    add(folder, "https://x.com/name_1")
    second = add(folder, "https://x.com/name_2", by=BUDI)
    verify(folder, second, by=SITI, days=1)
    close(folder, "kartini-x", days=1)
    with pytest.raises(ChangeRefused, match="social-metrics account rename kartini-x-2"):
        add(folder, "https://x.com/name_3", days=2)
    rename(folder, second, "https://x.com/name_3", days=2)
    assert rows_of(folder, second)[-1][:2] == ("submitted", "name_3")


def test_an_id_of_another_channel_than_the_address_is_refused(folder: Path) -> None:
    with pytest.raises(ChangeRefused, match="names the id UCabcdefghijklmnopqrstuv, and not UCzyx"):
        add(
            folder,
            "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv",
            account_id="UCzyxwvutsrqponmlkjihgfe",
        )


def test_an_address_by_id_of_a_verified_account_keeps_its_handle(folder: Path) -> None:
    channel = "UCabcdefghijklmnopqrstuv"
    code = add(folder, "https://www.youtube.com/@Kartini", account_id=channel)
    verify(folder, code, days=1)
    with pytest.raises(ChangeRefused, match="in the registry already"):
        add(folder, f"https://www.youtube.com/channel/{channel}", days=2)
    assert rows_of(folder, code)[-1][:2] == ("verified", "Kartini")


def test_a_closed_account_that_returns_keeps_its_code(folder: Path) -> None:
    code = add(folder, "https://x.com/old_name", account_id="4711")
    close(folder, code, days=1)
    assert add(folder, "https://x.com/new_name", days=5, account_id="4711") == code
    assert rows_of(folder, code)[-1] == ("submitted", "new_name", "2026-11-07", "")


@pytest.mark.parametrize("account_id", ["4711", None])
def test_a_channel_is_handed_over_under_a_new_code_in_mid_month(folder: Path, account_id: str | None) -> None:
    code = add(folder, "https://x.com/old_name", account_id=account_id)
    verify(folder, code, days=1)
    with pytest.raises(ChangeRefused, match=f"social-metrics account move {code} --to satria"):
        add(folder, "https://x.com/old_name", center="satria", days=15, account_id=account_id)
    close(folder, code, days=15)
    assert add(folder, "https://x.com/old_name", center="satria", days=15, account_id=account_id) == "satria-x"
    verify(folder, "satria-x", days=15)
    registry = load_registry(folder)
    for day, codes in ((date(2026, 11, 16), [code]), (date(2026, 11, 17), ["satria-x"])):
        assert [row.account_code for row in registry.accounts_on("x", day)] == codes


def test_suspended_and_back_by_another_person(folder: Path) -> None:
    code = add(folder, "https://x.com/sentra_kartini")
    verify(folder, code, days=1)
    with editing(folder) as edit:
        edit.mark(code, "suspended", author(BUDI, 2), "diambil alih")
    with pytest.raises(ChangeRefused, match="another person"):
        verify(folder, code, days=3)
    verify(folder, code, by="ani.data", days=3)
    assert [row[0] for row in rows_of(folder, code)] == [
        "placeholder", "submitted", "verified", "suspended", "verified",
    ]  # fmt: skip


def test_an_account_without_an_address_is_not_suspended(folder: Path) -> None:
    with pytest.raises(ChangeRefused, match="is placeholder: there is no account to suspend"), editing(folder) as edit:
        edit.mark("kartini-x", "suspended", author(SITI))


def test_missing_is_said_of_no_account_only(folder: Path) -> None:
    with editing(folder) as edit:
        edit.mark("kartini-tiktok", "missing", author(SITI))
    assert rows_of(folder, "kartini-tiktok")[-1][0] == "missing"
    code = add(folder, "https://x.com/sentra_kartini")
    with pytest.raises(ChangeRefused, match="account close kartini-x"), editing(folder) as edit:
        edit.mark(code, "missing", author(BUDI))


def test_nothing_is_half_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    platforms = load_registry(folder).platforms
    with pytest.raises(ChangeRefused, match="is not an id of X"), editing(folder) as edit:
        edit.submit("kartini", read_account_url("x.com/kartini", platforms), author(SITI), platform_account_id="no id")
    with pytest.raises(RegistryProblem, match="control character"), editing(folder) as edit:
        edit.mark("kartini-x", "missing", author(SITI), "pasted\x01note")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    monkeypatch.setattr(registry_files.os, "fsync", _full_disk)
    with pytest.raises(OSError, match="full"):
        add(folder, "https://x.com/kartini")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("written", [0, 1])
def test_a_change_that_was_interrupted_is_completed_by_the_next_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """The process dies between two files: the change was made, the next command puts the rest in place."""
    replaced: list[Path] = []

    def replace(path: Path, target: Path) -> Path:
        if len(replaced) == written:
            raise KeyboardInterrupt
        replaced.append(target)
        path.rename(target)
        return target

    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            add(folder, "https://x.com/kartini")
    with editing(folder, is_preview=True) as edit:
        assert [change.account_code for change in edit.changes] == ["kartini-x"]
    assert rows_of(folder, "kartini-x")[-1][:2] == ("submitted", "kartini")
    assert {path.suffix for path in folder.iterdir()} == {".csv"}


def test_a_preview_validates_and_writes_nothing(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with editing(folder, is_preview=True) as edit:
        edit.mark("kartini-x", "missing", author(SITI))
    changed = edit.files.differences()
    assert [line[0] for line in changed["center_accounts.csv"]] == ["-", "+", "+"]
    assert [line[0] for line in changed["account_changes.csv"]] == ["+"]
    with pytest.raises(RegistryProblem, match="control character"), editing(folder, is_preview=True) as edit:
        edit.mark("kartini-x", "missing", author(SITI), "pasted\x01note")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def _full_disk(_descriptor: int) -> None:
    raise OSError("the disk is full")


@pytest.mark.parametrize(
    ("name", "evidence", "reason"),
    [
        ("Siti Humas", "x", "not a user name"),
        ("siti", " ", "needs its evidence"),
        ("siti", "a\x01", "control character"),
    ],
)
def test_a_change_without_a_person_or_evidence_is_refused(name: str, evidence: str, reason: str) -> None:
    with pytest.raises(ChangeRefused, match=reason):
        Author(name, DAY_1, evidence)


def test_a_list_is_taken_whole(folder: Path) -> None:
    content = (
        "Sentra;Alamat akun;Bukti\r\nkartini;https://x.com/kartini_a;surat 1\r\n"
        "Sentra Satria;https://www.instagram.com/satria_b;surat 2\r\n"
    ).encode("cp1252")
    result = import_accounts("akun.csv", content, folder=folder, by=SITI, at=DAY_1)
    assert result.submitted == ["kartini-x", "satria-instagram"]
    assert len(read_changes(folder)) == 2


def test_a_list_with_one_error_changes_nothing_and_is_annotated(folder: Path) -> None:
    content = (
        b"Sentra,Alamat akun,Bukti\nkartini,https://x.com/kartini_a,surat 1\nkartinni,https://x.com/b,surat 2\n"
        b"satria,https://x.com/share,surat 3\nsatria,https://x.com/kartini_a,surat 4\nsatria,https://x.com/c,\n"
    )
    before = (folder / "center_accounts.csv").read_bytes()
    result = import_accounts("akun.csv", content, folder=folder, by=SITI, at=DAY_1)
    assert result.submitted == []
    assert (folder / "center_accounts.csv").read_bytes() == before
    assert [(error.row, error.column_label) for error in result.errors] == [
        (3, "Sentra"), (4, "Alamat akun"), (5, "Alamat akun"), (6, "Bukti"),
    ]  # fmt: skip
    assert result.annotated is not None
    lines = result.annotated.decode().splitlines()
    assert lines[1].endswith("surat 1,")
    assert "bukan sentra dalam registri" in lines[2]
