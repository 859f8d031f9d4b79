"""Rules for the validity periods of dated rows, across the lines of a registry file."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, Generic, TypeVar

from social_metrics.registry.account import Account
from social_metrics.registry.csv_file import note

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class DatedRows(Generic[Row]):
    """The dated rows of a file, with their line numbers."""

    file: str
    rows: list[Row]
    lines: list[int]

    def in_order(self, key: Callable[[Row], Any]) -> list[int]:
        """Positions of the rows, ordered by a key and then by line."""
        return sorted(range(len(self.rows)), key=lambda place: key(self.rows[place]))

    def note(self, problems: list[str], place: int, column: str, advice: str) -> None:
        """Add a problem of a row's cell."""
        value = getattr(self.rows[place], column)
        note(problems, self.file, self.lines[place], column, "" if value is None else str(value), advice)


def check_periods(dated: DatedRows[Any], key: str, problems: list[str]) -> None:
    """Dated rows of one key must not overlap; each must end no earlier than it begins."""
    for place, row in enumerate(dated.rows):
        if (row.valid_to or date.max) < (row.valid_from or date.min):
            advice = f"is before valid_from ({row.valid_from}); write a later date or leave it blank"
            dated.note(problems, place, "valid_to", advice)
    code_of = attrgetter(key)
    for previous, place in pairwise(dated.in_order(lambda row: (code_of(row), row.valid_from or date.min))):
        row, before = dated.rows[place], dated.rows[previous]
        if code_of(row) == code_of(before) and (row.valid_from or date.min) <= (before.valid_to or date.max):
            advice = f"overlaps line {dated.lines[previous]} of {code_of(row)}"
            dated.note(problems, place, "valid_from", f"{advice}; end that row the day before this one begins")


def check_identities(accounts: DatedRows[Account], problems: list[str]) -> None:
    """A platform id belongs to one account code, and an account code keeps its id."""
    of_account = accounts.in_order(lambda row: row.account_code)
    for first, place in _beside_the_first(accounts, of_account, lambda row: row.account_code):
        if accounts.rows[first].platform_account_id != accounts.rows[place].platform_account_id:
            accounts.note(
                problems,
                place,
                "account_code",
                f"has another platform id on line {accounts.lines[first]}; a new id is a new account code, e.g. "
                f"'{accounts.rows[place].account_code}-2'",
            )
    of_id = accounts.in_order(lambda row: (row.platform, row.platform_account_id or ""))
    for first, place in _beside_the_first(accounts, of_id, lambda row: (row.platform, row.platform_account_id)):
        owner = accounts.rows[first].account_code
        if owner != accounts.rows[place].account_code:
            advice = f"is already the id of {owner} (line {accounts.lines[first]})"
            accounts.note(problems, place, "platform_account_id", advice)


def _beside_the_first(
    accounts: DatedRows[Account], order: Iterable[int], key: Callable[[Account], Any]
) -> Iterator[tuple[int, int]]:
    """Each row that has an id, beside the first one of the same key."""
    known = (place for place in order if accounts.rows[place].platform_account_id)
    for _, places in groupby(known, key=lambda place: key(accounts.rows[place])):
        first, *others = places
        for place in others:
            yield first, place
