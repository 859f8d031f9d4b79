"""No Python or SQL file has more than 400 lines (CONTRIBUTING.md)."""

from pathlib import Path

from tests.support.repository_files import repository_files

MOST_LINES = 400


def test_no_file_is_longer_than_the_rule_allows(repository: Path) -> None:
    lengths = {
        path: len((repository / path).read_text(encoding="utf-8").splitlines())
        for path in repository_files()
        if Path(path).suffix in (".py", ".sql")
    }
    assert len(lengths) > 600, "too few files were found"
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}
