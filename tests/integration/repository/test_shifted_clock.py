"""The shifted clock reaches Python, its children and PostgreSQL, and leaves every wait as it is."""

import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from social_metrics.clock import utc_now
from tests.support.shifted_clock import DATES

CASE = """
    import os
    import subprocess
    import threading
    import time

    import psycopg

    from social_metrics.clock import utc_now


    def test_it(postgres_server):
        with psycopg.connect(postgres_server.url("postgres")) as connection:
            (server,) = connection.execute("select now()").fetchone()
        child = int(subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout)
        began = time.monotonic()
        threading.Event().wait(0.1)
        assert 0.05 < time.monotonic() - began < 10
        with open(os.environ["SEEN"], "w") as file:
            file.write(f"{utc_now().timestamp()} {server.timestamp()} {child}")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the clock is shifted by LD_PRELOAD")
def test_python_its_children_and_postgres_see_the_shifted_date(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, seen = tmp_path / "test_case.py", tmp_path / "seen"
    case.write_text(textwrap.dedent(CASE))
    monkeypatch.setenv("SEEN", str(seen))
    options = ["-c", str(repository / "pyproject.toml"), "-p", "tests.conftest", "--basetemp", str(tmp_path / "base")]
    command = [
        sys.executable,
        "-m",
        "tests.support.shifted_clock",
        "--date",
        "five-years-on",
        str(case),
        "--",
        *options,
    ]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "five-years-on      passed" in done.stdout
    expected = utc_now() + timedelta(days=5 * 365 + 1)
    for instant in seen.read_text().split():
        assert abs(float(instant) - expected.timestamp()) < 300


def test_a_date_that_is_not_of_the_list_is_refused(repository: Path) -> None:
    command = [sys.executable, "-m", "tests.support.shifted_clock", "--date", "30-february"]
    refused = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "30-february" in refused.stderr
    assert len(DATES) == 7
