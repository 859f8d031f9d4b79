"""The registry's files in memory, for one change: shown as a difference, validated as a whole, written as one."""

import csv
import difflib
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from social_metrics.registry.center_names import ALIAS_COLUMNS, ALIASES_FILE
from social_metrics.registry.change_log import (
    ACCOUNTS_FILE,
    CENTER_CHANGE_COLUMNS,
    CENTER_CHANGES_FILE,
    CHANGE_COLUMNS,
    CHANGES_FILE,
    read_changes,
)
from social_metrics.registry.csv_file import SeedFile
from social_metrics.registry.registry import (
    ACCOUNT_COLUMNS,
    CENTER_COLUMNS,
    OPTIONAL_ACCOUNT_COLUMNS,
    RegistryProblem,
    load_registry,
)

CENTERS_FILE, AREAS_FILE = "centers.csv", "service_areas.csv"
PENDING = ".pending"
"""Folder within the registry's with a change that is being written; after a crash the next command completes it."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    ACCOUNTS_FILE: ACCOUNT_COLUMNS,
    CENTERS_FILE: CENTER_COLUMNS,
    ALIASES_FILE: ALIAS_COLUMNS,
    AREAS_FILE: ("center_code", "regency", "province_iso", "valid_from", "valid_to", "source_mark", "source_refs"),
    CHANGES_FILE: CHANGE_COLUMNS,
    CENTER_CHANGES_FILE: CENTER_CHANGE_COLUMNS,
}


class RegistryFiles:
    """Rows of the files of a registry's folder; each file is read when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, list[dict[str, str]]] = {}
        self._before: dict[str, str] = {}

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a file, to be changed in place; none when the file does not exist yet.

        Raises:
            RegistryProblem: the file cannot be used.
        """
        if name not in self._rows:
            problems: list[str] = []
            path = self._folder / name
            optional = OPTIONAL_ACCOUNT_COLUMNS if name == ACCOUNTS_FILE else ()
            read = SeedFile.read(path, _COLUMNS[name], problems, optional, True).rows if path.exists() else ()
            if problems:
                raise RegistryProblem(problems)
            self._rows[name] = [{column: row[column] for column in row.places} for row in read]
            self._before[name] = self._text(name)
        return self._rows[name]

    def differences(self) -> dict[str, list[str]]:
        """The removed (-) and added (+) lines of each file that changes."""
        found = {}
        for name, text in self._changed().items():
            lines = difflib.unified_diff(self._before[name].splitlines(), text.splitlines(), n=0, lineterm="")
            found[name] = [line for line in [*lines][2:] if not line.startswith("@@")]
        return found

    def write(self, *, is_preview: bool = False) -> None:
        """Validate the whole registry with the change, then write all files, or none; of a preview none.

        Raises:
            RegistryProblem: the registry would be invalid.
        """
        changed = self._changed()
        if not changed:
            return
        with tempfile.TemporaryDirectory() as trial_name:
            trial = Path(trial_name)
            for path in self._folder.glob("*.csv"):
                shutil.copyfile(path, trial / path.name)
            for name, text in changed.items():
                (trial / name).write_text(text, encoding="utf-8", newline="")
            load_registry(trial)
            read_changes(trial)
        if is_preview:
            return
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".change-") as change_name:
            files = Path(change_name) / "files"
            files.mkdir()
            for name, text in changed.items():
                # Not *.csv: dbt reads those of the folders below as well.
                with (files / f"{name}.new").open("w", encoding="utf-8", newline="") as handle:
                    handle.write(text)
                    handle.flush()
                    os.fsync(handle.fileno())
            files.rename(self._folder / PENDING)  # the one step that makes the change, of all files
        complete_pending(self._folder)

    def _changed(self) -> dict[str, str]:
        texts = {name: self._text(name) for name in self._rows}
        return {name: text for name, text in texts.items() if text != self._before[name]}

    def _text(self, name: str) -> str:
        rows = self._rows[name]
        stream = io.StringIO()
        writer = csv.DictWriter(stream, [*rows[0]] if rows else _COLUMNS[name], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()


def complete_pending(folder: Path) -> None:
    """Put the files of a change in their place; also of one whose process died after the change was made."""
    pending = folder / PENDING
    if pending.is_dir():
        for path in pending.iterdir():
            path.replace(folder / path.stem)
        pending.rmdir()
