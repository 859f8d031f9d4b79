"""The words that docs/glossary.md replaced are gone: in names, comments, messages, SQL, YAML and documentation.

Only unambiguous words are looked for. `vocabulary_exceptions.csv` beside this file names the places that keep one, each
with its reason: stored names that seals hash, and a few words of other people.
"""

import csv
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.repository_files import repository_files

WORDS = {
    "mend": r"mend(?:s|ed|ing)?",
    "twin": r"twins?",
    "sweep": r"sweep(?:s|ing)?",
    "shard": r"shard(?:s|ed)?",
    "reopened": r"re-?open(?:s|ed|ing)?",
    "standing": r"standings?",
    "sighting": r"sightings?",
    "upkeep": r"upkeep",
    "nobody's": r"nobody's",
    "whoever": r"whoever",
    "tail": r"tails?",
    "paper": r"papers?",
    "trouble": r"troubles?",
    "remark": r"remarks?",
    "mould": r"moulds?",
    "house": r"(?:this|the|our) house",
    "room": r"rooms?",
}
READ = {".py", ".sql", ".yml", ".yaml", ".md", ".html", ".css", ".js", ".typ", ".toml", ".mako", ".ini", ".sh", ".csv"}
WITHOUT_SUFFIX = {"Makefile", "Dockerfile", "run", "announce", "system-packages", "install"}
EXCEPTIONS = Path(__file__).with_name("vocabulary_exceptions.csv")


def _pattern(form: str) -> re.Pattern[str]:
    """The word alone, as a part of a snake_case or CamelCase name, or in capitals."""
    capital = re.sub("[a-z]", lambda first: first[0].upper(), form, count=1)
    return re.compile(
        rf"(?<![A-Za-z])(?:{form})(?![A-Za-z])|(?:{capital})(?![a-z])|(?<![A-Z])(?:{form.upper()})(?![A-Z])"
    )


PATTERNS = {word: _pattern(form) for word, form in WORDS.items()}


def _exceptions() -> list[dict[str, str]]:
    with EXCEPTIONS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def found_in(text: str) -> list[tuple[int, str, str]]:
    """Line number, word and line of every replaced word in a text."""
    return [
        (number, word, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        for word, pattern in PATTERNS.items()
        if pattern.search(line)
    ]


@pytest.fixture(scope="module")
def findings(repository: Path) -> list[tuple[str, int, str, str]]:
    """Path, line number, word and line of every replaced word in the repository's files."""
    paths = [path for path in repository_files() if Path(path).suffix in READ or Path(path).name in WITHOUT_SUFFIX]
    assert len(paths) > 500, "an empty look is no look"
    found = []
    for path in paths:
        if path.startswith("requirements/"):
            continue
        text = (repository / path).read_text(encoding="utf-8")
        found += [(path, number, word, line) for number, word, line in found_in(text)]
    return found


def _is_excepted(exception: dict[str, str], path: str, word: str, line: str) -> bool:
    is_place = fnmatch(path, exception["path"]) and exception["word"] in (word, "*")
    return is_place and (not exception["text"] or exception["text"] in line)


def test_a_replaced_word_is_found_in_names_and_prose() -> None:
    for text in (
        "it mends itself",
        "def _to_mend():",
        "class TailKind:",
        "CenterTail",
        "`standings.html`",
        "Whoever asks",
        "shard_size",
    ):
        assert found_in(text), text
    for text in ("recommended", "notwithstanding", "detail", "between", "newspaper", "mushroom"):
        assert not found_in(text), text


def test_no_replaced_word_is_left(findings: list[tuple[str, int, str, str]]) -> None:
    exceptions = _exceptions()
    left = [
        f"{path}:{number}: {word}: {line[:100]}"
        for path, number, word, line in findings
        if not any(_is_excepted(exception, path, word, line) for exception in exceptions)
    ]
    assert left == [], f"{len(left)} places; see docs/glossary.md for the words to use"


def test_every_exception_has_a_reason_and_a_place(findings: list[tuple[str, int, str, str]]) -> None:
    for exception in _exceptions():
        assert len(exception["reason"]) > 10, exception
        assert any(_is_excepted(exception, path, word, line) for path, _, word, line in findings), (
            f"{exception} excepts nothing any more: delete it"
        )
