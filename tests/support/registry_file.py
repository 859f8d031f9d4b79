"""A file of a registry that a test changes: its rows, and the file as they are left."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def rows_of(path: Path) -> Iterator[list[dict[str, str]]]:
    """The rows of the file, written back as they are left; a cell that a row lacks is blank."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    yield rows
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
