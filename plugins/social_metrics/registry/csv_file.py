"""Reads a seed file that people edit; every problem names file, line and column."""

import csv
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")  # all but tab and line breaks

SHOWN_AT_MOST = 80
"""Characters of a cell, or of a word, that a sentence about it shows at most."""


@dataclass(frozen=True, slots=True)
class SeedRow:
    """One line of a seed file; reading an unusable cell adds a problem and returns None or a substitute."""

    file: str
    line: int  # as an editor counts it; the header is line 1
    places: Mapping[str, int]  # of the columns in `cells`, the same for all rows of a file
    cells: list[str]
    problems: list[str]

    def __getitem__(self, column: str) -> str:
        return self.cells[self.places[column]]

    def problem(self, column: str, advice: str) -> None:
        """Add a problem of this row once: `advice` completes the sentence that begins with the value."""
        note(self.problems, self.file, self.line, column, self[column], advice)

    def refuse_control_characters(self) -> None:
        """Add a problem for each cell with control characters, and remove them."""
        for column, place in self.places.items():
            if _CONTROL.search(self.cells[place]):
                self.problem(column, "contains a control character; type the value instead of pasting it")
                self.cells[place] = _CONTROL.sub("", self.cells[place])

    def required(self, column: str) -> str:
        """The cell, which must not be blank."""
        if not self[column]:
            self.problem(column, "is blank; fill it in")
        return self[column]

    def one_of(self, column: str, allowed: Sequence[str]) -> str:
        """The cell, which must be one of a closed list."""
        if self[column] not in allowed:
            self.problem(column, f"is not allowed here; write one of {', '.join(allowed)}")
        return self[column]

    def items(self, column: str) -> tuple[str, ...]:
        """The parts of a cell separated by semicolons."""
        return tuple(part.strip() for part in self[column].split(";") if part.strip())

    def date(self, column: str) -> datetime.date | None:
        """The WIB date in the cell (YYYY-MM-DD), or None when blank."""
        value = self[column]
        if not value:
            return None
        if (day := _date(value)) is None:
            self.problem(column, "is not a date; write YYYY-MM-DD, e.g. 2024-01-31")
        return day

    def whole(self, column: str, *, least: int, optional: bool = False) -> int | None:
        """The whole number in the cell, at least `least`; None when blank and optional, or unusable."""
        value = self[column]
        if not value and optional:
            return None
        if re.fullmatch(r"[0-9]{1,18}", value) and int(value) >= least:
            return int(value)
        self.problem(column, f"is not a whole number of at least {least}")
        return None

    def whole_items(self, column: str) -> tuple[int, ...]:
        """The whole numbers in the cell, separated by semicolons."""
        parts = self.items(column)
        if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
            self.problem(column, "is not a list of whole numbers; write e.g. 1;3;7;30 or leave it blank")
            return ()
        return tuple(int(part) for part in parts)

    def money(self, column: str) -> Decimal | None:
        """The amount in the cell in US$, or None when blank."""
        value = self[column]
        if not value:
            return None
        if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", value):
            return Decimal(value)
        self.problem(column, "is not an amount in US$; write e.g. 2.50")
        return None

    def pattern(self, column: str) -> re.Pattern[str]:
        """The regular expression in the cell."""
        try:
            return re.compile(self.required(column))
        except re.error as error:
            self.problem(column, f"is not a regular expression ({error})")
            return re.compile("")


def note(problems: list[str], file: str, line: int, column: str, value: str, advice: str) -> None:
    """Add a problem of a cell once: `advice` completes the sentence that begins with the value."""
    shown = repr(value) if len(value) <= SHOWN_AT_MOST else f"{value[:SHOWN_AT_MOST]!r}…"
    # Line breaks and long pasted cells would make the sentence unreadable.
    words = (word if len(word) <= SHOWN_AT_MOST else f"{word[:SHOWN_AT_MOST]}…" for word in advice.split())
    sentence = f"{file}, line {line}, column {column}: {shown} {' '.join(words)}."
    if sentence not in problems:
        problems.append(sentence)


@dataclass(frozen=True)
class SeedFile:
    """The rows of a seed file."""

    rows: tuple[SeedRow, ...]

    @classmethod
    def read(
        cls,
        path: Path,
        columns: Sequence[str],
        problems: list[str],
        optional: Sequence[str] = (),
        may_be_empty: bool = False,
    ) -> "SeedFile":
        """Read all rows; see `rows_of`."""
        return cls(tuple(rows_of(path, columns, problems, optional, may_be_empty)))


def rows_of(
    path: Path, columns: Sequence[str], problems: list[str], optional: Sequence[str] = (), may_be_empty: bool = False
) -> Iterator[SeedRow]:
    """Read a file row by row; problems are appended to `problems`, and a row with a wrong number of cells is skipped.

    Args:
        path: a CSV file with commas and a header, UTF-8.
        columns: the required columns; others are refused, because a misspelt one would be ignored.
        problems: receives one sentence per problem.
        optional: columns that may be missing; they are blank then.
        may_be_empty: whether a header without rows is valid.
    """
    count = 0
    try:
        # newline="" keeps line breaks inside quoted cells; utf-8-sig removes the byte order mark of a spreadsheet.
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            header = next(reader, None)
            if header is None:
                problems.append(f"{path.name} is empty; begin it with the header {','.join(columns)}.")
                return
            if fault := _header_fault(header, columns, optional):
                problems.append(f"{path.name}, line 1: {fault}")
                return
            places = {column: place for place, column in enumerate(dict.fromkeys([*header, *optional]))}
            absent = [""] * (len(places) - len(header))
            for cells in reader:
                if not any(cells):
                    continue
                count += 1
                if len(cells) != len(header):
                    problems.append(
                        f"{path.name}, line {reader.line_num}: {len(cells)} cells instead of {len(header)}; "
                        "put cells that contain a comma in double quotes."
                    )
                    continue
                row = SeedRow(path.name, reader.line_num, places, [*map(_cell, cells), *absent], problems)
                row.refuse_control_characters()
                yield row
    except FileNotFoundError:
        problems.append(f"{path} does not exist; set SOCIAL_METRICS_REGISTRY_DIR to the registry's folder.")
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        problems.append(f"{path.name} is not UTF-8 (byte {error.start}); save it as 'CSV UTF-8'.")
    except csv.Error as error:
        problems.append(f"{path.name}, line {reader.line_num}: {error}; check the double quotes of that line.")
    else:
        if not count and not may_be_empty:
            problems.append(f"{path.name} has a header and no rows.")


@lru_cache(maxsize=2048)  # most cells of a large file repeat: each is stored once
def _cell(text: str) -> str:
    return text.strip()


@lru_cache(maxsize=4096)
def _date(value: str) -> datetime.date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        return None


def _header_fault(header: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> str | None:
    if len(header) == 1 and ";" in header[0]:
        return "the columns are separated by semicolons; save the file with commas."
    missing = [column for column in columns if column not in header]
    unknown = [column for column in header if column not in columns and column not in optional]
    if len(set(header)) != len(header):
        return "a column is there twice; remove one of the two."
    if missing:
        return f"the column {', '.join(missing)} is missing."
    if unknown:
        return f"the column {', '.join(map(repr, unknown))} is not known; remove it or correct its name."
    return None
