"""The threat model names tests that are there: a control without its proof is a wish."""

import re
from pathlib import Path


def test_every_control_names_a_test_that_is_there(repository: Path) -> None:
    text = (repository / "docs" / "threat-model.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.-]+)(?:::(\w+))?`", text)
    assert len(named) > 20
    for path, function in named:
        assert (repository / path).exists(), path
        if function:
            source = (repository / path).read_text(encoding="utf-8")
            assert re.search(rf"^def {function}\(", source, re.MULTILINE), f"{path}::{function}"
    rows = [
        line
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith(("| attack", "| actor", "| *not"))
    ]
    for row in rows:
        proof = row.rstrip("| ").rsplit("|", 1)[1]
        assert re.search(r"`(tests/|make |\.ci/)", proof), row
