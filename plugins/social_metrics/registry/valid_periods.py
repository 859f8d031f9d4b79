"""Rules for the validity periods of dated rows, across the lines of a registry file."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

from social_metrics.registry.account import Account
from social_metrics.registry.csv_file import note

Row = TypeVar("Row")

_ENDING = re.compile(r"(-[a-z0-9-]+)?")  # of the code of a second account


@dataclass(frozen=True, slots=True)
class DatedRows(Generic[Row]):
    """The dated rows of a file, with their line numbers."""

    file: str
    rows: list[Row]
    lines: list[int]

    def groups(self, key: Callable[[Row], Any], places: Iterable[int] | None = None) -> Iterator[list[int]]:
        """Positions of the rows with the same key, ordered by their first date and then by line."""
        rows = self.rows
        chosen = range(len(rows)) if places is None else places
        in_order = sorted(chosen, key=lambda place: (key(rows[place]), _first(rows[place])))
        for _, group in groupby(in_order, key=lambda place: key(rows[place])):
            yield list(group)

    def note(self, problems: list[str], place: int, column: str, advice: str) -> None:
        """Add a problem of a row's cell."""
        value = getattr(self.rows[place], column)
        note(problems, self.file, self.lines[place], column, "" if value is None else str(value), advice)


def check_periods(dated: DatedRows[Any], key: str, problems: list[str]) -> None:
    """Dated rows of one key must not overlap; each must end no earlier than it begins."""
    for place, row in enumerate(dated.rows):
        if _last(row) < _first(row):
            advice = f"is before valid_from ({row.valid_from}); write a later date or leave it blank"
            dated.note(problems, place, "valid_to", advice)
    for places in dated.groups(attrgetter(key)):
        for before, place in _overlaps(dated, places):
            advice = f"overlaps line {dated.lines[before]} of {getattr(dated.rows[place], key)}"
            dated.note(problems, place, "valid_from", f"{advice}; end that row the day before this one begins")


def check_codes(accounts: DatedRows[Account], problems: list[str]) -> None:
    """A code names the platform of all its rows and the center of the first one: an account may move later."""
    for places in accounts.groups(attrgetter("account_code")):
        first_center = accounts.rows[places[0]].center_code
        for place in places:
            row = accounts.rows[place]
            stem = f"{first_center}-{row.platform}"
            if not (row.account_code.startswith(stem) and _ENDING.fullmatch(row.account_code, len(stem))):
                accounts.note(problems, place, "account_code", f"does not belong to this row; write '{stem}'")


def check_identities(accounts: DatedRows[Account], problems: list[str]) -> None:
    """A code keeps its platform id; an id, and a handle without one, belongs to one open code at a time."""
    known = [place for place, row in enumerate(accounts.rows) if row.platform_account_id]
    for first, *others in accounts.groups(attrgetter("account_code"), known):
        for place in others:
            if accounts.rows[first].platform_account_id != accounts.rows[place].platform_account_id:
                accounts.note(
                    problems,
                    place,
                    "account_code",
                    f"has another platform id on line {accounts.lines[first]}; a new id is a new account code, e.g. "
                    f"'{accounts.rows[place].account_code}-2'",
                )
    opened = [place for place, row in enumerate(accounts.rows) if row.status != "closed"]
    known = [place for place in opened if accounts.rows[place].platform_account_id]
    for owner, place in _of_two_codes(accounts, attrgetter("platform", "platform_account_id"), known):
        advice = f"is already the id of {accounts.rows[owner].account_code} (line {accounts.lines[owner]})"
        accounts.note(problems, place, "platform_account_id", f"{advice}; close that account first")
    known = [place for place in opened if accounts.rows[place].handle]
    for owner, place in _of_two_codes(accounts, lambda row: (row.platform, (row.handle or "").casefold()), known):
        if not (accounts.rows[owner].platform_account_id and accounts.rows[place].platform_account_id):
            advice = f"is already the handle of {accounts.rows[owner].account_code} (line {accounts.lines[owner]})"
            accounts.note(problems, place, "handle", f"{advice}; close one of the two, or fill in both platform ids")


def _of_two_codes(
    accounts: DatedRows[Account], key: Callable[[Account], Any], places: Iterable[int]
) -> Iterator[tuple[int, int]]:
    """Overlapping rows with the same key that have two account codes."""
    for group in accounts.groups(key, places):
        for before, place in _overlaps(accounts, group):
            if accounts.rows[before].account_code != accounts.rows[place].account_code:
                yield before, place


def check_centers(accounts: DatedRows[Account], centers: DatedRows[Any], problems: list[str]) -> None:
    """An account's row stays within its center's rows; only a closed account outlives its center."""
    periods: dict[str, list[Any]] = defaultdict(list)
    for center in sorted(centers.rows, key=_first):
        periods[center.center_code].append(center)
    for place, row in enumerate(accounts.rows):
        if row.status == "closed" or row.center_code not in periods:
            continue
        day = _first_day_without(periods[row.center_code], row)
        if day is not None:
            column = "valid_from" if day == row.valid_from else "valid_to"
            advice = (
                f"is not within the validity of its center: {row.center_code} does not exist on {day}; correct the "
                "date here or in centers.csv (`social-metrics center close` and `center merge` change both)"
            )
            accounts.note(problems, place, column, advice)


def _first_day_without(centers: Sequence[Any], row: Account) -> date | None:
    """The first date of an account's row on which none of its center's rows is valid."""
    day = row.valid_from or _first(centers[0])  # blank: as long as the center
    for center in centers:
        if day < _first(center):
            return day
        if _last(row) <= _last(center):
            return None
        day = max(day, _last(center) + timedelta(days=1))
    return day


def _overlaps(dated: DatedRows[Any], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each row that begins before an earlier one has ended, behind that row; `places` are ordered by first date."""
    latest = places[0]
    for place in places[1:]:
        if _first(dated.rows[place]) <= _last(dated.rows[latest]):
            yield latest, place
        latest = max(latest, place, key=lambda one: _last(dated.rows[one]))


def _first(row: Any) -> date:
    return row.valid_from or date.min


def _last(row: Any) -> date:
    return row.valid_to or date.max
