"""The audit of dependencies is red for a hole, and says so when nobody could be asked; pip-audit is played here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLEAN = {"name": "flask", "version": "3.0", "vulns": []}
HOLED = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}


def audit(repository: Path, tmp_path: Path, answers: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run it beside a pip-audit that answers so."""
    (tmp_path / "python").symlink_to(sys.executable)
    (tmp_path / "answers").write_text(answers)
    (tmp_path / "said").write_text(said)
    played = tmp_path / "pip-audit"
    played.write_text(f'#!/bin/sh\ncat "{tmp_path}/answers"\ncat "{tmp_path}/said" >&2\nexit 1\n')
    played.chmod(0o755)
    script = [str(tmp_path / "python"), str(repository / ".ci" / "audit_dependencies")]
    return subprocess.run(script, cwd=repository, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([CLEAN], 0, "1 packages audited, 0 known holes"),
        ([CLEAN, HOLED], 1, "jinja2 2.0: PYSEC-1, fixed in 3.1"),
        ([], 1, "an empty audit is no audit"),
    ],
)
def test_a_hole_is_red(
    repository: Path, tmp_path: Path, packages: list[dict[str, object]], code: int, says: str
) -> None:
    asked = audit(repository, tmp_path, json.dumps({"dependencies": packages, "fixes": []}))
    assert asked.returncode == code
    assert says in asked.stdout


def test_an_index_that_cannot_say_is_told_apart(repository: Path, tmp_path: Path) -> None:
    asked = audit(repository, tmp_path, "", "ERROR: flask: Dependency not found on PyPI\n")
    assert asked.returncode == 2
    assert "NOT AUDITED: ERROR: flask" in asked.stdout
