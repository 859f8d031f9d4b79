"""A site laid out by `social-metrics init` from the wheel alone: to the boards, by API and by hand, and its DAGs."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from openpyxl import load_workbook

from social_metrics.clock import WIB, utc_now
from social_metrics.intake.form import Column
from tests.support.installed_wheel import run
from tests.support.officer import fill, screenshot, sheet_of
from tests.support.simulator import CREDENTIALS, SimulatorProcess, write_demo_registry

pytestmark = pytest.mark.slow

AIRFLOW_SECONDS = 300
CENTER = "budi-perkasa"  # the simulator's registry has it read by hand
FOLLOWERS, POST_URL = 4321, "https://www.instagram.com/p/abc"
DAGS = {
    "close_month", "enforce_retention", "extract_social_metrics", "ingest_manual_entries", "maintain", "report_as_of",
    "seal_evidence", "transform_social_metrics", "watch_health",
}  # fmt: skip


def _sourced(*files: Path) -> dict[str, str]:
    """The variables that a shell has after it read the files."""
    script = "set -a; " + "; ".join(f". {shlex.quote(str(file))}" for file in files) + "; env -0"
    shown = subprocess.run(["sh", "-c", script], env={"PATH": os.defpath}, capture_output=True, text=True, check=True)
    variables = dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)
    return {name: value for name, value in variables.items() if name.startswith(("AIRFLOW", "SOCIAL_METRICS_"))}


@pytest.fixture
def site(program: Path, tmp_path: Path) -> Path:
    """A site fresh from `init`."""
    laid_out = run(program, tmp_path, "init", "site")
    assert laid_out.returncode == 0, laid_out.stderr
    assert "account add" in laid_out.stdout
    return tmp_path / "site"


@pytest.fixture
def simulator(site: Path) -> Iterator[SimulatorProcess]:
    """Every platform, with the site's registry replaced by the simulator's."""
    shutil.rmtree(site / "registry")
    yesterday = utc_now().astimezone(WIB).replace(hour=20, minute=1) - timedelta(days=1)
    write_demo_registry(site / "registry", yesterday.date())
    process = SimulatorProcess(site / "registry", yesterday, "--no-rate-limits")
    yield process
    process.stop()


def test_a_site_has_a_registry_and_its_own_secrets(site: Path, repository: Path) -> None:
    shipped = repository / "dbt_project" / "seeds" / "registry"
    assert {file.name for file in (site / "registry").iterdir()} == {file.name for file in shipped.iterdir()}
    for name in ("settings.env", "connections.env"):
        assert (site / name).stat().st_mode & 0o077 == 0, name
    variables = _sourced(site / "settings.env", site / "connections.env")
    assert variables["SOCIAL_METRICS_REGISTRY_DIR"] == str(site / "registry")
    assert "AIRFLOW_CONN_SOCIAL_METRICS_YOUTUBE" not in variables
    switched_on = (site / "connections.env").read_text().replace("# AIRFLOW", "AIRFLOW")
    (site / "connections.env").write_text(switched_on)
    for platform in CREDENTIALS:
        connection = json.loads(_sourced(site / "connections.env")[f"AIRFLOW_CONN_SOCIAL_METRICS_{platform.upper()}"])
        assert connection["host"].startswith("https://")


def test_a_folder_with_files_is_refused_and_stays_as_it_is(program: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("mine")
    refused = run(program, tmp_path, "init", "site")
    assert (refused.returncode, "is not empty" in refused.stderr) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["site"]
    assert [file.name for file in (tmp_path / "site").iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_written_leaves_nothing(program: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = run(program, tmp_path, "init", "file/site")
    assert (refused.returncode, "cannot be written" in refused.stderr) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_airflow_reads_the_dags_of_the_package(program: Path, site: Path) -> None:
    environment = {"PATH": os.defpath, "HOME": str(site), "AIRFLOW_HOME": str(site / "airflow")}
    environment |= _sourced(site / "settings.env") | {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    bundles = json.loads(environment["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    path = next(bundle["kwargs"]["path"] for bundle in bundles if bundle["name"] == "social-metrics")
    assert path.startswith(str(program.parents[1])), "the DAG files of the wheel"
    read = (
        "from airflow.dag_processing.bundles.manager import DagBundlesManager\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        "bundle = DagBundlesManager().get_bundle('social-metrics')\n"
        "bag = DagBag(dag_folder=bundle.path, bundle_name=bundle.name)\n"
        "print('READ', sorted(bag.dags), dict(bag.import_errors))\n"
    )
    shown = subprocess.run(
        [program.with_name("python"), "-c", read], env=environment, cwd=site, capture_output=True, text=True,
        timeout=AIRFLOW_SECONDS, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr[-3000:]
    line = next(line for line in shown.stdout.splitlines() if line.startswith("READ"))
    assert line == f"READ {sorted(DAGS)} {{}}"


def test_from_the_wheel_to_the_boards(
    program: Path, site: Path, simulator: SimulatorProcess, empty_database_url: str
) -> None:
    variables = _sourced(site / "settings.env") | {"AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": empty_database_url}
    variables |= dict(simulator.at.connection_variable(platform) for platform in CREDENTIALS)
    run_all(program, site, variables, ["migrate"], ["capture", "--missing"])
    run_all(program, site, variables, ["entry", "template", "--center", CENTER, "--out", "entries.xlsx"])
    _fill_in(site / "entries.xlsx", simulator.at.started_at.date())
    taken = run(program, site, "ingest", "entries.xlsx", **variables)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    run_all(program, site, variables, ["entry", "confirm", "--center", CENTER, "--by", "dwi"])
    run_all(program, site, variables, ["transform"])
    followers = json.loads(run(program, site, "top", "--all", "--format", "json", **variables).stdout)
    assert followers["is_simulated"]
    assert (len(followers["rows"]), followers["rows"][0]["best_rank"]) == (31, 1)
    recency = json.loads(
        run(program, site, "top", "--board", "recency", "--all", "--format", "json", **variables).stdout
    )
    by_hand = next(row for row in recency["rows"] if row["center_code"] == CENTER)
    assert by_hand["url"] == POST_URL
    with psycopg.connect(empty_database_url) as connection:
        entered = "select followers_count from marts.fct_follower_growth_daily where account_code = %s"
        assert (FOLLOWERS,) in connection.execute(entered, [f"{CENTER}-instagram"]).fetchall()
        counted = connection.execute("select count(followers_count) from marts.fct_follower_growth_daily").fetchone()
        assert counted is not None
        assert counted[0] > 100  # all but TikTok, which waits for its owners' consent


def run_all(program: Path, site: Path, variables: dict[str, str], *commands: list[str]) -> None:
    """Run commands that end well, or with findings."""
    for command in commands:
        done = run(program, site, *command, **variables)
        assert done.returncode in (0, 1), f"{command}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr


def _fill_in(file: Path, day: date) -> None:
    """Type one account's figures into the template, with its screenshot beside it."""
    workbook = load_workbook(file)
    sheet = sheet_of(workbook, CENTER)
    row = {
        Column.ACCOUNT: f"{CENTER}-instagram",
        Column.EVIDENCE_DATE: day.isoformat(),
        Column.EVIDENCE_TIME: "19.30",
        Column.FOLLOWERS: str(FOLLOWERS),
        Column.POST_DATE: (day - timedelta(days=1)).isoformat(),
        Column.POST_TIME: "08.15",
        Column.POST_URL: POST_URL,
        Column.OUTREACH: "ya",
        Column.PROGRAM: "ATENSI",
        Column.EVIDENCE_FILE: "shot.png",
    }
    file.with_name("shot.png").write_bytes(screenshot("followers"))
    fill(sheet, [row])
    workbook.save(file)
