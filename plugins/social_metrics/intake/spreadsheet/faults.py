"""What is wrong with a file that a person handed in, cell by cell, in sentences for that person (Indonesian)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import get_column_letter

from social_metrics.errors import UsageProblem

SHOWN_CHARACTERS = 60


class FileRefused(UsageProblem):
    """The file as a whole cannot be read; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend: where it stands, and what to write instead."""

    sheet: str | None  # None in a CSV file, which has one sheet only
    row: int | None  # as the spreadsheet program counts; None: the sheet as a whole
    column: int | None  # 1 = A; None: the row as a whole
    column_label: str | None  # the header above it
    value: Any  # the cell's content; None when there is nothing to quote
    remedy: str  # completes the sentence

    @property
    def sentence(self) -> str:
        """Place, value and remedy in one sentence."""
        return f"{self.place}: {self.remark}"

    @property
    def place(self) -> str:
        """Sheet, row and column as far as they are known."""
        parts = [f"Lembar '{self.sheet}'"] if self.sheet is not None else []
        if self.row is not None:
            parts.append(f"baris {self.row}")
        if self.column is not None:
            label = f" ({self.column_label})" if self.column_label else ""
            parts.append(f"kolom {get_column_letter(self.column)}{label}")
        place = ", ".join(parts) or "Berkas"
        return place[0].upper() + place[1:]

    @property
    def remark(self) -> str:
        """The sentence without its place, for a note beside the row."""
        quoted = "" if self.value is None else f"'{shown(self.value)}' "
        said = f"{quoted}{self.remedy}"
        return f"{said[0].upper()}{said[1:]}."

    @property
    def remark_in_row(self) -> str:
        """The remark for a note in its own row: names the column, since sheet and row are evident."""
        if self.column is None:
            return self.remark
        return f"Kolom {get_column_letter(self.column)}: {self.remark}"


def shown(value: Any) -> str:
    """A cell's content for a sentence: one line, shortened, without control characters."""
    text = "".join(character if character.isprintable() else " " for character in str(value))
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def by_row(faults: Iterable[Fault]) -> dict[tuple[str | None, int], list[Fault]]:
    """The faults of each row; those of a whole sheet stand on its first row."""
    rows: dict[tuple[str | None, int], list[Fault]] = {}
    for fault in faults:
        rows.setdefault((fault.sheet, fault.row or 1), []).append(fault)
    return rows
