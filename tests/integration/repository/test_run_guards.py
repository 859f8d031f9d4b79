"""The guards of the test run: nothing checked, nothing green."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.run_guards import LONGEST_FIRST

GREEN = "def test_it(seed):\n    assert seed >= 0\n"
SKIPPED = "import pytest\n\ndef test_it():\n    pytest.skip('no browser here')\n"
RECORDINGS = "import pytest\n\n@pytest.mark.recordings\ndef test_it():\n    pytest.skip('no recordings here')\n"


def _run(
    repository: Path, folder: Path, code: str, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    (folder / "test_case.py").write_text(code)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = recordings: of real payloads\n")
    clean = {name: value for name, value in os.environ.items() if name not in {"CI", "SOCIAL_METRICS_TEST_SEED"}}
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.support.run_guards"),
            *("-c", folder / "pytest.ini", *options, folder),
        ],
        cwd=repository,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_green_run_prints_its_seed(repository: Path, tmp_path: Path) -> None:
    result = _run(repository, tmp_path, GREEN, SOCIAL_METRICS_TEST_SEED="77")
    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "seed: 77 (repeat with SOCIAL_METRICS_TEST_SEED=77)" in result.stdout


def test_a_folder_is_reported_when_its_last_test_is_done(repository: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"test_{name}.py").write_text(GREEN + GREEN.replace("test_it", "test_again"))
    for options in ((), ("-n", "2")):
        result = _run(repository, tmp_path, "", *options)
        assert result.returncode == pytest.ExitCode.OK, result.stdout
        done = [line for line in result.stdout.splitlines() if " tests done after 0:" in line]
        assert [line.split(" tests")[0] for line in sorted(done)] == ["first: 2", "second: 2"], result.stdout
        summary = result.stdout.split("time by folder")[1]
        assert "s  first (2 tests)" in summary
        assert "s  second (2 tests)" in summary


def test_a_run_without_tests_is_red(repository: Path, tmp_path: Path) -> None:
    assert _run(repository, tmp_path, "").returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_whole_run_needs_tests_in_every_folder(repository: Path, tmp_path: Path) -> None:
    result = _run(repository, tmp_path, GREEN, "--whole")
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "No tests in tests/unit, tests/integration, tests/simulator, tests/dbt, tests/dags" in result.stderr
    assert "tests/unit/registry" in result.stderr, "each package of unit and integration counts"


def test_the_longest_files_start_first(repository: Path) -> None:
    assert [name for name in LONGEST_FIRST if not (repository / "tests" / name).exists()] == []
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/e2e", "tests/dbt/test_incremental.py"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.splitlines()
    files = list(dict.fromkeys(line.split("::")[0] for line in listed if "::" in line))
    assert files[:2] == ["tests/e2e/test_demo.py", "tests/dbt/test_incremental.py"]


@pytest.mark.parametrize(
    "code",
    [
        "import socket\n\ndef test_it():\n    with socket.socket() as made:\n        made.bind(('127.0.0.1', 0))\n",
        "import subprocess\n\ndef test_it():\n    subprocess.run(['true'])\n",
    ],
)
def test_a_unit_test_that_leaves_its_process_is_red(repository: Path, tmp_path: Path, code: str) -> None:
    result = _run(repository, tmp_path, code, "-p", "tests.unit.conftest")
    assert result.returncode == pytest.ExitCode.TESTS_FAILED
    assert "move it to tests/integration" in result.stdout


@pytest.mark.parametrize(("variables", "code"), [({}, 0), ({"CI": "true"}, 1)])
def test_what_did_not_run_is_named_and_fails_ci(
    repository: Path, tmp_path: Path, variables: dict[str, str], code: int
) -> None:
    result = _run(repository, tmp_path, SKIPPED, **variables)
    assert result.returncode == code
    assert "did not run" in result.stdout
    assert "no browser here" in result.stdout


def test_missing_recordings_do_not_fail_ci(repository: Path, tmp_path: Path) -> None:
    assert _run(repository, tmp_path, RECORDINGS, "-rs", CI="true").returncode == pytest.ExitCode.OK
