"""Validation errors of a file, cell by cell, in Indonesian sentences for the person who handed it in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from social_metrics.errors import UsageProblem
from social_metrics.plain_text import printable

SHOWN_CHARACTERS = 60


class FileRefused(UsageProblem):
    """The file as a whole cannot be read; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class ValidationError:
    """One error in a file, with its place and what to write instead."""

    explanation: str  # completes the sentence that begins with the value
    sheet: str | None = None  # None in a CSV file, which has one sheet only
    row: int | None = None  # as the spreadsheet program counts; None: the sheet as a whole
    column: int | None = None  # 1 = A; None: the row as a whole
    column_label: str | None = None  # the header above it
    value: Any = None  # the cell's content; None when there is nothing to quote

    @property
    def message(self) -> str:
        """Place, value and explanation in one sentence."""
        return f"{self.place}: {self.annotation}"

    @property
    def place(self) -> str:
        """Sheet, row and column as far as they are known."""
        parts = [f"Lembar '{self.sheet}'"] if self.sheet is not None else []
        if self.row is not None:
            parts.append(f"baris {self.row}")
        if self.column is not None:
            label = f" ({self.column_label})" if self.column_label else ""
            parts.append(f"kolom {self._column_letter}{label}")
        place = ", ".join(parts) or "Berkas"
        return place[0].upper() + place[1:]

    @property
    def annotation(self) -> str:
        """The sentence without its place."""
        quoted = "" if self.value is None else f"'{shown(self.value)}' "
        text = f"{quoted}{self.explanation}"
        return f"{text[0].upper()}{text[1:]}."

    @property
    def _column_letter(self) -> str:
        from openpyxl.utils import get_column_letter  # DAG files import this module, and nothing heavy with it

        return "" if self.column is None else str(get_column_letter(self.column))

    @property
    def row_annotation(self) -> str:
        """The annotation beside its row: names the column, since sheet and row are evident."""
        if self.column is None:
            return self.annotation
        return f"Kolom {self._column_letter}: {self.annotation}"


def shown(value: Any) -> str:
    """A cell's content for a sentence: one line, shortened, without control characters."""
    text = " ".join(printable(str(value)).split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def by_row(errors: Iterable[ValidationError]) -> dict[tuple[str | None, int], list[ValidationError]]:
    """The errors of each row; those of a whole sheet are on its first row."""
    rows: dict[tuple[str | None, int], list[ValidationError]] = {}
    for error in errors:
        rows.setdefault((error.sheet, error.row or 1), []).append(error)
    return rows
