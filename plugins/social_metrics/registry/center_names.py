"""Finds a center by what a person wrote: its code, its name, or an alias of center_aliases.csv."""

import difflib
import re
import unicodedata
from datetime import date
from pathlib import Path

from social_metrics.errors import UsageProblem
from social_metrics.registry.csv_file import SeedFile
from social_metrics.registry.registry import Registry, RegistryProblem

ALIASES_FILE = "center_aliases.csv"
ALIAS_COLUMNS = ("center_code", "alias", "alias_kind", "valid_from", "valid_to", "source_refs")
SUGGESTIONS = 3

_TITLE = re.compile(r"^(?:(?:upt|sentra|terpadu)\b\s*)+")
_SIMILARITY = 0.75  # of difflib: one or two letters of a short name
_PART_LENGTH = 4  # letters of a name inside a longer text, or of the beginning of a name


class CenterNames:
    """The names of all centers on one date.

    Args:
        folder: the registry's; without center_aliases.csv only codes and names are known.
        registry: the registry in force.
        day: the WIB date on which the names are used.

    Raises:
        RegistryProblem: center_aliases.csv cannot be used.
    """

    def __init__(self, folder: Path, registry: Registry, day: date) -> None:
        self._names = {center.center_code: center.center_name for center in registry.centers if center.is_valid_on(day)}
        self._codes: dict[str, set[str]] = {}
        self._known: dict[str, set[str]] = {}  # with the names that are no longer valid, for suggestions
        for code, name in self._names.items():
            self._add(code, code, is_valid=True)
            self._add(name, code, is_valid=True)
        problems: list[str] = []
        rows = SeedFile.read(folder / ALIASES_FILE, ALIAS_COLUMNS, problems, may_be_empty=True).rows if (
            folder / ALIASES_FILE
        ).exists() else ()  # fmt: skip
        for row in rows:
            first, last = row.date("valid_from") or date.min, row.date("valid_to") or date.max
            if row["center_code"] in self._names:
                self._add(row.required("alias"), row["center_code"], is_valid=first <= day <= last)
        if problems:
            raise RegistryProblem(problems)

    def find(self, written: str) -> str | None:
        """The code of the only center with this name; case, apostrophes, hyphens and spaces do not matter."""
        codes = self._codes.get(_key(written), set())
        return next(iter(codes)) if len(codes) == 1 else None

    def code_of(self, written: str) -> str:
        """The code of the center with this name.

        Raises:
            UsageProblem: no center has this name; the text has those that may be meant.
        """
        if code := self.find(written):
            return code
        suggestions = self.suggest(written)
        next_step = f"Did you mean {' or '.join(suggestions)}?" if suggestions else "centers.csv has the codes."
        raise UsageProblem(f"{written!r} is not the code of a center, and no name or alias of one. {next_step}")

    def suggest(self, written: str) -> list[str]:
        """Names with codes of the centers that may be meant, the most similar first."""
        key = _key(written)
        close = difflib.get_close_matches(key, self._known, n=SUGGESTIONS, cutoff=_SIMILARITY)
        parts = [
            name
            for name in self._known
            if (len(name) >= _PART_LENGTH and name in key) or (len(key) >= _PART_LENGTH and name.startswith(key))
        ]
        codes = dict.fromkeys(code for name in (*close, *parts) for code in sorted(self._known[name]))
        return [f"{self._names[code]} ({code})" for code in [*codes][:SUGGESTIONS]]

    def _add(self, name: str, code: str, *, is_valid: bool) -> None:
        if key := _key(name):
            self._known.setdefault(key, set()).add(code)
            if is_valid:
                self._codes.setdefault(key, set()).add(code)


def _key(name: str) -> str:
    """Letters and digits of a name without its title (Sentra, Sentra Terpadu)."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    words = re.sub(r"[\W_]+", " ", re.sub(r"['’‘`´ʼʻ′\u0301\u200b-\u200f]", "", plain)).strip()
    return _TITLE.sub("", words).replace(" ", "")
