"""The end of a center: what is moved, ended and logged, and that every reason against it is named at once."""

import csv
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from social_metrics.registry.account_urls import read_account_url
from social_metrics.registry.center_edits import close_center, merge_centers
from social_metrics.registry.center_names import CenterNames
from social_metrics.registry.change_log import Author, ChangeRefused, history_conflicts, read_changes
from social_metrics.registry.edits import editing
from social_metrics.registry.registry import load_registry
from social_metrics.settings import DEFAULT_REGISTRY

SITI, BUDI = "siti.humas", "budi.data"
BEGIN, TODAY = datetime(2026, 10, 2, 3, 0, tzinfo=UTC), datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
ON, DAY = date(2026, 11, 15), date(2026, 11, 27)
OLD, NEW = "mulya-jaya", "kartini"  # the old one has two aliases or names, and a service area
DECREE = Author(SITI, TODAY, "SK 12/2026")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the old center X is verified, Instagram submitted after the merger's date and YouTube closed."""
    registry = Path(shutil.copytree(DEFAULT_REGISTRY, tmp_path / "registry"))
    platforms = load_registry(registry).platforms
    with editing(registry) as edit:
        for address in ("https://x.com/mulya_jaya", "https://www.youtube.com/@mulya"):
            edit.submit(OLD, read_account_url(address, platforms), Author(SITI, BEGIN, "surat 1"))
        edit.submit(NEW, read_account_url("https://x.com/kartini", platforms), Author(SITI, BEGIN, "surat 1"))
        edit.close(f"{OLD}-youtube", date(2026, 10, 2), Author(SITI, BEGIN, "surat 2"))
    with editing(registry) as edit:
        edit.verify(f"{OLD}-x", Author(BUDI, BEGIN, "surat 1"))
        edit.verify(f"{NEW}-x", Author(BUDI, BEGIN, "surat 1"))
    with editing(registry) as edit:
        later = Author(SITI, datetime(2026, 11, 20, 3, 0, tzinfo=UTC), "surat 3")
        edit.submit(OLD, read_account_url("https://www.instagram.com/mulya", platforms), later)
    return registry


def merge(folder: Path, into: str = NEW, on: date = ON) -> None:
    with editing(folder) as edit:
        merge_centers(edit, OLD, into, on, DECREE)


def rows(folder: Path, name: str, **cells: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as handle:
        return [row for row in csv.DictReader(handle) if cells.items() <= row.items()]


def test_the_accounts_of_a_merged_center_move_with_their_codes(folder: Path) -> None:
    merge(folder)
    registry = load_registry(folder)
    assert registry.center_on(OLD, date(2026, 11, 14)) is not None
    assert registry.center_on(OLD, ON) is None
    owners = {
        day: {row.account_code: row.center_code for row in registry.verified_on(day)}
        for day in (date(2026, 11, 14), DAY)
    }
    assert owners == {
        date(2026, 11, 14): {f"{OLD}-x": OLD, f"{NEW}-x": NEW},
        DAY: {f"{OLD}-x": NEW, f"{NEW}-x": NEW},
    }
    submitted = registry.account_on(f"{OLD}-instagram", DAY)
    assert submitted is not None
    assert (submitted.center_code, submitted.status) == (NEW, "submitted")
    assert {row.status for row in registry.accounts if row.center_code == OLD and row.is_valid_on(ON)} == {"closed"}
    assert history_conflicts(registry, read_changes(folder), DAY) == []


def test_names_and_service_areas_of_a_merged_center_lead_to_the_other(folder: Path) -> None:
    merge(folder)
    names = CenterNames(folder, load_registry(folder), DAY)
    assert names.find("Sentra Mulya Jaya") == names.find("Balai Karya Mulya Jaya") == NEW
    areas = rows(folder, "service_areas.csv", regency="Kab. Sijunjung")
    assert [(row["center_code"], row["valid_from"], row["valid_to"]) for row in areas] == [
        (OLD, "", "2026-11-14"),
        (NEW, "2026-11-15", ""),
    ]


def test_a_service_area_that_the_other_center_has_is_not_there_twice(folder: Path) -> None:
    path = folder / "service_areas.csv"
    path.write_text(path.read_text() + f"{NEW},Kab. Sijunjung,ID-SB,,,V,K8\n{OLD},,ID-SA,2026-11-20,,V,K8\n")
    merge(folder)
    areas = {(row["regency"], row["valid_from"], row["valid_to"]) for row in rows(folder, path.name, center_code=NEW)}
    assert areas == {("Kab. Sijunjung", "", ""), ("", "2026-11-20", "")}
    assert [row["valid_to"] for row in rows(folder, path.name, center_code=OLD)] == ["2026-11-14"]


def test_the_log_names_decree_person_and_time_of_a_center_s_end(folder: Path) -> None:
    merge(folder)
    assert rows(folder, "center_changes.csv") == [
        {
            "changed_at": "2026-11-27T03:00:00Z",
            "center_code": OLD,
            "change": "merged",
            "changed_by": SITI,
            "evidence_ref": "SK 12/2026",
            "note": "merged into kartini on 2026-11-15",
        }
    ]
    moved = [change for change in read_changes(folder) if change.changed_at == TODAY]
    assert {change.account_code: change.note for change in moved if change.status != "closed"} == {
        f"{OLD}-x": "moved from mulya-jaya to kartini on 2026-11-15",
        f"{OLD}-instagram": "moved from mulya-jaya to kartini on 2026-11-15",
    }
    assert {change.evidence_ref for change in moved} == {"SK 12/2026"}


def test_a_center_with_open_accounts_is_not_closed_and_all_of_them_are_named(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ChangeRefused) as refused, editing(folder) as edit:
        close_center(edit, OLD, ON, DECREE, close_accounts=False)
    assert f"{OLD}-x (verified) is still open" in str(refused.value)
    assert f"{OLD}-instagram (submitted) is still open" in str(refused.value)
    assert f"{OLD}-youtube" not in str(refused.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_center_is_closed_with_its_accounts(folder: Path) -> None:
    with editing(folder) as edit:
        close_center(edit, OLD, ON, DECREE, close_accounts=True)
    registry = load_registry(folder)
    assert registry.center_on(OLD, ON) is None
    assert [row.account_code for row in registry.verified_on(ON)] == [f"{NEW}-x"]
    assert rows(folder, "service_areas.csv", center_code=OLD)[0]["valid_to"] == "2026-11-14"
    assert rows(folder, "center_changes.csv")[0]["note"] == "closed on 2026-11-15"
    assert history_conflicts(registry, read_changes(folder), DAY) == []
    names = CenterNames(folder, registry, DAY)
    assert names.find("Sentra Mulya Jaya") is None


def test_a_center_without_an_open_account_is_closed_at_once(folder: Path) -> None:
    with editing(folder) as edit:
        close_center(edit, "satria", ON, DECREE, close_accounts=False)
    registry = load_registry(folder)
    assert {row.status for row in registry.accounts if row.center_code == "satria" and row.is_valid_on(ON)} == {
        "closed"
    }


@pytest.mark.parametrize(
    ("into", "on", "reason"),
    [
        (OLD, ON, "cannot be merged into itself"),
        ("melati", ON, "'melati' is not the code of a center on 2026-11-15"),
        (NEW, date(2026, 11, 28), "is in the future"),
        ("pangudi-luhur", date(2022, 3, 2), "'pangudi-luhur' is not the code of a center on 2022-03-02"),
    ],
)
def test_a_merger_that_cannot_be_is_refused(folder: Path, into: str, on: date, reason: str) -> None:
    with pytest.raises(ChangeRefused, match=reason):
        merge(folder, into, on)


def test_every_reason_against_a_merger_is_named_at_once(folder: Path) -> None:
    """One account began under a code of the old center after its end: that center never had it."""
    with editing(folder) as edit:
        address = read_account_url("https://x.com/mulya_dua", edit.registry.platforms)
        edit.submit(OLD, address, Author(SITI, TODAY, "surat 4"), is_another=True)
    with pytest.raises(ChangeRefused) as refused:
        merge(folder, "melati")
    assert "'melati' is not the code of a center" in str(refused.value)
    assert f"{OLD}-x-2 begins on 2026-11-27" in str(refused.value)


@pytest.mark.parametrize("is_closed_today", [False, True])
def test_a_merger_goes_on_after_the_command_that_its_refusal_names(folder: Path, is_closed_today: bool) -> None:
    """A second account began under a code of the old center three days after the merger's date."""
    code = f"{OLD}-x-2"
    with editing(folder) as edit:
        address = read_account_url("https://x.com/mulya_dua", edit.registry.platforms)
        edit.submit(OLD, address, Author(SITI, datetime(2026, 11, 18, 3, tzinfo=UTC), "surat 4"), is_another=True)
    if is_closed_today:
        with editing(folder) as edit:
            edit.close(code, DAY, DECREE)
    with pytest.raises(ChangeRefused, match=f"account close {code} --on 2026-11-18") as refused:
        merge(folder)
    assert f"add it for {NEW}" in str(refused.value)
    with editing(folder) as edit:
        edit.close(code, date(2026, 11, 18), DECREE)
    merge(folder)
    with editing(folder) as edit:
        assert edit.submit(NEW, address, DECREE, is_another=True) == f"{NEW}-x-2"
    assert not history_conflicts(load_registry(folder), read_changes(folder), DAY)


def test_a_center_ends_once(folder: Path) -> None:
    merge(folder)
    with pytest.raises(ChangeRefused, match="'mulya-jaya' is not the code of a center on 2026-11-20"):
        merge(folder, on=date(2026, 11, 20))
    with pytest.raises(ChangeRefused, match="begins on 2022-03-03 or later"), editing(folder) as edit:
        close_center(edit, "pangudi-luhur", date(2022, 3, 3), DECREE, close_accounts=True)


def test_an_account_that_moved_away_stays_where_it_is(folder: Path) -> None:
    with editing(folder) as edit:
        edit.move(f"{OLD}-x", "satria", date(2026, 11, 20), DECREE)
    merge(folder)
    registry = load_registry(folder)
    days = {14: OLD, 15: NEW, 19: NEW, 20: "satria"}
    found = {number: registry.account_on(f"{OLD}-x", date(2026, 11, number)) for number in days}
    assert {number: row and row.center_code for number, row in found.items()} == days
