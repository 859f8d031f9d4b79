"""Accounts that move between centers, and that are closed on a date."""

import csv
from datetime import date
from pathlib import Path

import pytest

from social_metrics.registry.change_log import ChangeRefused, history_conflicts, read_changes
from social_metrics.registry.registry import load_registry
from tests.support.registry_edits import SITI, add, close, move, rows_of, verify


@pytest.fixture
def with_kartini_x(folder: Path) -> Path:
    """kartini-x is verified from 3 November 2026, and reviewed on 22 November."""
    add(folder, "https://x.com/kartini_x", account_id="4711")
    verify(folder, "kartini-x", days=1)
    verify(folder, "kartini-x", days=20)
    return folder


def test_a_moved_account_keeps_code_id_and_verification(with_kartini_x: Path) -> None:
    before = load_registry(with_kartini_x)
    move(with_kartini_x, "kartini-x", "satria", "2026-11-15")
    with (with_kartini_x / "center_accounts.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["account_code"] == "kartini-x"][2:]
    assert [
        (row["center_code"], row["owner_unit"], row["valid_from"], row["valid_to"], row["verified_at"]) for row in rows
    ] == [
        ("kartini", "Sentra Terpadu Kartini", "2026-11-03", "2026-11-14", "2026-11-03"),
        ("satria", "Sentra Satria", "2026-11-15", "2026-11-21", "2026-11-03"),
        ("satria", "Sentra Satria", "2026-11-22", "", "2026-11-22"),
    ]
    assert {(row["platform_account_id"], row["handle"], row["status"]) for row in rows} == {
        ("4711", "kartini_x", "verified")
    }
    (*_, logged) = read_changes(with_kartini_x)
    assert (logged.status, logged.changed_by, logged.evidence_ref) == ("verified", SITI, "surat 12/2026")
    assert logged.note == "moved from kartini to satria on 2026-11-15"
    registry, day = load_registry(with_kartini_x), date(2026, 11, 27)
    assert history_conflicts(registry, read_changes(with_kartini_x), day) == []
    for past in (date(2026, 11, 14), day):
        assert len(registry.verified_on(past)) == len(before.verified_on(past)) == 1


def test_an_account_moves_on_and_back(with_kartini_x: Path) -> None:
    """A later move stays when an earlier one is entered after it; the account's first center then needs a new code."""
    move(with_kartini_x, "kartini-x", "satria", "2026-11-25")
    move(with_kartini_x, "kartini-x", "mahatmiya", "2026-11-10")
    move(with_kartini_x, "kartini-x", "kartini", "2026-11-26")
    registry = load_registry(with_kartini_x)
    days = {9: "kartini", 10: "mahatmiya", 24: "mahatmiya", 25: "satria", 26: "kartini"}
    rows = {number: registry.account_on("kartini-x", date(2026, 11, number)) for number in days}
    assert {number: row and row.center_code for number, row in rows.items()} == days
    move(with_kartini_x, "kartini-x", "satria", "2026-11-27")
    assert add(with_kartini_x, "https://x.com/kartini_baru", days=25) == "kartini-x-2"


@pytest.mark.parametrize(
    ("code", "center", "on", "reason"),
    [
        ("kartini-x", "satria", "2026-11-28", "is in the future"),
        ("kartini-x", "kartini", "2026-11-15", "is an account of kartini on 2026-11-15 already"),
        ("kartini-x", "melati", "2026-11-15", "'melati' is not the code of a center"),
        ("kartini-x", "satria", "2023-12-31", "is not in the registry on 2023-12-31"),
        ("kartini-tiktok", "satria", "2026-11-15", "is placeholder on 2026-11-15: there is no account to move"),
        ("melati-x", "satria", "2026-11-15", "is not in the registry"),
    ],
)
def test_a_move_that_cannot_be_is_refused(with_kartini_x: Path, code: str, center: str, on: str, reason: str) -> None:
    with pytest.raises(ChangeRefused, match=reason):
        move(with_kartini_x, code, center, on)


def test_a_move_on_the_first_date_of_a_code_is_refused_with_the_command(with_kartini_x: Path) -> None:
    code = add(with_kartini_x, "https://x.com/kartini_dua", is_another=True)
    with pytest.raises(ChangeRefused, match=f"account close {code} --on 2026-11-02.*add it for satria"):
        move(with_kartini_x, code, "satria", "2026-11-02")


def test_an_account_is_closed_on_a_date_with_the_rows_after_it(with_kartini_x: Path) -> None:
    close(with_kartini_x, "kartini-x", days=25, on=date(2026, 11, 15))
    assert rows_of(with_kartini_x, "kartini-x")[-3:] == [
        ("verified", "kartini_x", "2026-11-03", "2026-11-14"),
        ("closed", "kartini_x", "2026-11-15", "2026-11-21"),
        ("closed", "kartini_x", "2026-11-22", ""),
    ]
    assert history_conflicts(load_registry(with_kartini_x), read_changes(with_kartini_x), date(2026, 11, 27)) == []
    with pytest.raises(ChangeRefused, match="closed on 2026-11-20 already"):
        close(with_kartini_x, "kartini-x", days=25, on=date(2026, 11, 20))
