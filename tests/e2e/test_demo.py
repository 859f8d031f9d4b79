"""`make demo` as a person meets it: the real scheduler, database and simulator, in a folder of the test's own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local_stack.databases import AIRFLOW, WAREHOUSE
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.local_stack import simulated_credentials
from simulator.demo_registry import MANUAL_CENTERS, SIGNERS
from social_metrics.clock import utc_now, wib_date
from tests.support.secret_search import in_database, in_files, in_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DAYS = max(9, wib_date(utc_now()).day + 2)  # the last evenings of the month before are among them
DEMO_SECONDS = 900
STEP_SECONDS = 300


def _environment(state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SOCIAL_METRICS_"))}
    return kept | {"SOCIAL_METRICS_STATE_DIR": str(state)}


def _stack_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "local_stack", *arguments]


def _left_behind(state: Path) -> list[str]:
    """Command lines of programs that still work for the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            home = process.environ().get("SOCIAL_METRICS_STATE_DIR")
        except psutil.Error:
            continue
        if process.pid != os.getpid() and (home == str(state) or any(str(state) in word for word in words)):
            found.append(" ".join(words))
    return found


def _assert_only_the_database_runs(state: Path) -> None:
    left = _left_behind(state)
    assert left
    assert [line for line in left if "pginstall/bin/postgres" not in line and not line.startswith("postgres:")] == []


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("demo")
    yield state
    subprocess.run(_stack_command("down"), env=_environment(state), check=False)


def _demo(state: Path, command: str = "demo") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _stack_command(command, "--days", str(DAYS)),
        env=_environment(state),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def first_demo(state: Path) -> subprocess.CompletedProcess[str]:
    """The demo in an empty folder."""
    return _demo(state)


def test_it_prints_both_boards_and_leaves_the_page(first_demo: subprocess.CompletedProcess[str], state: Path) -> None:
    assert first_demo.returncode == 0, first_demo.stdout + first_demo.stderr
    assert f"{DAYS} days captured" in first_demo.stdout
    assert "extract_social_metrics success, transform_social_metrics success" in " ".join(first_demo.stdout.split())
    assert "Most followed centers" in first_demo.stdout
    assert "Most up-to-date centers" in first_demo.stdout
    assert "SIMULATED" in first_demo.stdout
    page = (state / "boards.html").read_text(encoding="utf-8")
    assert "simul" in page.lower()


def test_people_stand_beside_the_machines(first_demo: subprocess.CompletedProcess[str], state: Path) -> None:
    """Four centers without any API are on both boards by hand; one entry waits; one account is suspended."""
    page = (state / "boards.html").read_text(encoding="utf-8")
    marked = re.findall(r'<tr data-center="([\w-]+)">(?:(?!</tr>).)*class="mark manual"', page, re.DOTALL)
    assert {center: marked.count(center) for center in marked} == dict.fromkeys(MANUAL_CENTERS, 2)
    unranked = dict(re.findall(r'<h3 id="unranked-(\w+)">(.*?)</section>', page, re.DOTALL))
    assert "Sentra Wirajaya" in unranked["manual_waiting"]
    assert "Sentra Wirajaya" in unranked["without_number"]
    assert "Sentra Antasena" in unranked["identity_mismatch"]
    assert re.search(r'<tr data-center="antasena">(?:(?!</tr>).)*class="mark suspended"', page, re.DOTALL)


def test_only_the_database_keeps_running(first_demo: subprocess.CompletedProcess[str], state: Path) -> None:
    _assert_only_the_database_runs(state)
    assert "PostgreSQL runs on for questions" in first_demo.stdout


def test_no_secret_stands_in_anything_that_the_demo_wrote(
    first_demo: subprocess.CompletedProcess[str], state: Path
) -> None:
    """Logs of every program and task, pages, dbt's files, and each row of both databases, with XCom and the rest."""
    secrets = {path.name: path.read_text() for path in (state / "secrets").iterdir() if path.name != "mark"}
    secrets |= {f"of {name}": secret for name, (_, secret) in simulated_credentials().items()}
    secrets |= {"an access token": "demo-access-", "a refresh token": "demo-refresh-"}
    assert len(secrets) > 12
    assert in_text(first_demo.stdout + first_demo.stderr, secrets) == []
    # Where they are kept on purpose, readable by nobody else, and the data files, which are read as rows below.
    found, files = in_files(state, secrets, skip=("secrets/", "postgres/", "airflow/passwords.json", "env"))
    assert found == []
    assert files > 50
    server = EmbeddedPostgres(state / "postgres").start()
    for database in (WAREHOUSE, AIRFLOW):
        found, rows = in_database(server.url(database), secrets)
        assert found == []
        assert rows > 100


@pytest.mark.parametrize("board", ["followers", "recency"])
def test_the_boards_can_be_asked_for_afterwards(
    first_demo: subprocess.CompletedProcess[str], state: Path, board: str
) -> None:
    command = [Path(sys.executable).with_name("social-metrics"), "top", "--board", board, "--format", "json"]
    result = subprocess.run(
        command, env=_environment(state), capture_output=True, text=True, timeout=STEP_SECONDS, check=False
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["is_simulated"] is True
    assert len(answer["rows"]) >= 5
    for row in answer["rows"]:
        assert 1 <= row["best_rank"] <= 5
        assert row["worst_rank"] >= row["best_rank"]
        assert row["center"]
        assert row["value"]
        assert row["date"] == answer["date"]
    _assert_only_the_database_runs(state)


def test_a_second_demo_is_harmless_and_reads_nothing_twice(
    first_demo: subprocess.CompletedProcess[str], state: Path
) -> None:
    (state / "logs" / "airflow-migrate.log").unlink()
    second = _demo(state)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "0 days captured" in second.stdout
    assert not (state / "logs" / "airflow-migrate.log").exists()
    assert _boards(second.stdout) == _boards(first_demo.stdout)


def test_the_last_month_is_closed_by_three_users_and_holds(
    first_demo: subprocess.CompletedProcess[str], state: Path
) -> None:
    month = _demo(state, "demo-month")
    assert month.returncode == 0, month.stdout + month.stderr
    assert "approved" in month.stdout
    signed = re.findall(r"^(submitted|checked|approved) +(\S+),", month.stdout, re.MULTILINE)
    steps = {"submitted": "maker", "checked": "checker", "approved": "approver"}
    assert dict(signed) == {step: SIGNERS[role] for step, role in steps.items()}
    assert "holds: identical when computed again" in month.stdout
    reports = [path for path in (state / "reports").rglob("*") if path.is_file()]
    assert len(reports) > 3
    assert all(str(path) in month.stdout for path in reports)
    assert any(path.read_bytes().startswith(b"%PDF-") for path in reports)
    _assert_only_the_database_runs(state)


def test_down_stops_the_database_too(first_demo: subprocess.CompletedProcess[str], state: Path) -> None:
    down = subprocess.run(
        _stack_command("down"),
        env=_environment(state),
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=True,
    )
    assert "Stopped: postgresql" in down.stdout
    assert _left_behind(state) == []


def _boards(printed: str) -> str:
    return printed[printed.index("Most followed centers") : printed.index("Stopping")]


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
def test_breaking_it_off_leaves_nothing_behind(tmp_path: Path, stop_signal: signal.Signals) -> None:
    demo = subprocess.Popen(
        _stack_command("demo", "--days", "30"),
        env=_environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout
    for line in demo.stdout:
        if "Airflow's metadata" in line:  # database, simulator and Airflow's four processes run by now
            break
    assert len(_left_behind(tmp_path)) > 5
    demo.send_signal(stop_signal)
    rest = demo.communicate(timeout=STEP_SECONDS)[0]
    assert demo.returncode == 130, rest
    assert "everything that was started is stopped" in rest
    assert _left_behind(tmp_path) == []


def test_down_stops_what_a_killed_demo_has_left(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        _stack_command("demo", "--days", "30"),
        env=_environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout
    for line in demo.stdout:
        if "Airflow's metadata" in line:
            break
    demo.kill()
    demo.wait()
    assert len(_left_behind(tmp_path)) > 5
    down = subprocess.run(
        _stack_command("down"), env=_environment(tmp_path), capture_output=True, text=True, timeout=STEP_SECONDS
    )
    assert down.returncode == 0, down.stderr
    assert "postgresql" in down.stdout
    assert _left_behind(tmp_path) == []


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); "
         "print(s.getsockname()[1], flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout
        assert other.stdin
        port = other.stdout.readline().strip()
        result = subprocess.run(
            _stack_command("demo"),
            env=_environment(tmp_path) | {"SOCIAL_METRICS_AIRFLOW_PORT": port},
            capture_output=True, text=True, timeout=STEP_SECONDS, check=False,
        )  # fmt: skip
        other.stdin.close()
    assert result.returncode == 1
    assert result.stderr.startswith(f"Port {port} on 127.0.0.1, meant for api-server, is taken")
    assert len(result.stderr.strip().splitlines()) == 1
    assert _left_behind(tmp_path) == []
