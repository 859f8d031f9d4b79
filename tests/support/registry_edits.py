"""Edits of a registry's folder, one function each, as the tests of the registry make them."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from social_metrics.clock import wib_date
from social_metrics.registry.account_urls import read_account_url
from social_metrics.registry.change_log import Author
from social_metrics.registry.edits import editing
from social_metrics.registry.registry import load_registry

DAY_1 = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
SITI, BUDI = "siti.humas", "budi.data"


def author(name: str, days: int = 0) -> Author:
    """A person with the letter, so many days after the first."""
    return Author(name, DAY_1 + timedelta(days=days), "surat 12/2026")


def add(
    folder: Path,
    address: str,
    by: str = SITI,
    center: str = "kartini",
    days: int = 0,
    account_id: str | None = None,
    is_another: bool = False,
) -> str:
    """Submit an account by its address; the code."""
    found = read_account_url(address, load_registry(folder).platforms)
    with editing(folder) as edit:
        return edit.submit(center, found, author(by, days), platform_account_id=account_id, is_another=is_another)


def rename(folder: Path, code: str, address: str, by: str = SITI, days: int = 0, account_id: str | None = None) -> None:
    """Give an account another address."""
    found = read_account_url(address, load_registry(folder).platforms)
    with editing(folder) as edit:
        edit.rename(code, found, author(by, days), platform_account_id=account_id)


def close(folder: Path, code: str, by: str = BUDI, days: int = 0, on: date | None = None) -> None:
    """Close an account on a WIB date."""
    with editing(folder) as edit:
        edit.close(code, on or wib_date(DAY_1 + timedelta(days=days)), author(by, days))


def column_of(folder: Path, code: str, column: str) -> list[str]:
    """A column of every row of the account."""
    with (folder / "center_accounts.csv").open(newline="") as handle:
        return [row[column] for row in csv.DictReader(handle) if row["account_code"] == code]


def verify(folder: Path, code: str, by: str = BUDI, days: int = 0) -> None:
    """Verify or review an account."""
    with editing(folder) as edit:
        edit.verify(code, author(by, days))


def rows_of(folder: Path, code: str) -> list[tuple[str, str, str, str]]:
    """Status, handle and dates of every row of the account."""
    with (folder / "center_accounts.csv").open(newline="") as handle:
        return [
            (row["status"], row["handle"], row["valid_from"], row["valid_to"])
            for row in csv.DictReader(handle)
            if row["account_code"] == code
        ]


def move(folder: Path, code: str, center: str, on: str, by: str = SITI, days: int = 25) -> None:
    """Move an account to another center on a date."""
    with editing(folder) as edit:
        edit.move(code, center, date.fromisoformat(on), author(by, days))
