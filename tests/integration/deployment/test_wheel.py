"""The wheel in an environment of its own, without the checkout: version, migration and doctor on a real PostgreSQL."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.installed_wheel import run

pytestmark = pytest.mark.slow


def test_the_wheel_holds_the_package_and_no_demo(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2, tops
    assert "social_metrics" in tops
    assert not [name for name in names if "local_stack" in name or "simulator/" in name or "bench" in name]
    for needed in (
        "warehouse/migrations/versions/0001_raw_and_ops.py",
        "warehouse/migrations/versions/0001_raw_and_ops.sql",
        "publish/page/templates/boards.html",
        "publish/texts.csv",
        "py.typed",
        "site/dags/extract_social_metrics.py",
        "site/dbt_project/dbt_project.yml",
        "site/dbt_project/seeds/registry/centers.csv",
        "site/bi/dashboards/papan_utama.yml",
    ):
        assert f"social_metrics/{needed}" in names


def test_it_runs_from_its_own_files(program: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [program.with_name("python"), "-c", "import social_metrics; print(social_metrics.__file__)"],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.startswith(str(program.parents[1]))
    version = run(program, tmp_path, "--version")
    assert version.returncode == 0, version.stderr
    assert version.stdout.strip() == "0.1.0"


def test_it_migrates_a_warehouse_and_doctor_names_what_is_missing(
    program: Path, tmp_path: Path, repository: Path, empty_database_url: str
) -> None:
    variables = {
        "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": empty_database_url,
        "SOCIAL_METRICS_STATE_DIR": str(tmp_path),
        "SOCIAL_METRICS_DBT_PROJECT_DIR": str(repository / "dbt_project"),
        "SOCIAL_METRICS_REGISTRY_DIR": str(repository / "dbt_project" / "seeds" / "registry"),
    }
    migrated = run(program, tmp_path, "migrate", **variables)
    assert migrated.returncode == 0, migrated.stderr
    assert "Applied: " in migrated.stdout
    again = run(program, tmp_path, "migrate", **variables)
    assert "The warehouse is up to date." in again.stdout, again.stderr
    doctor = run(program, tmp_path, "doctor", **variables)
    assert doctor.returncode == 1, doctor.stdout + doctor.stderr  # nothing is verified or built yet
    assert "Traceback" not in doctor.stderr
    assert "31 centers, 6 platforms, 186 accounts, 0 of them verified" in doctor.stdout


def test_without_the_registry_it_says_what_to_set(program: Path, tmp_path: Path, warehouse_url: str) -> None:
    variables = {
        "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": warehouse_url,
        "SOCIAL_METRICS_REGISTRY_DIR": str(tmp_path / "absent"),
    }
    doctor = run(program, tmp_path, "doctor", **variables)
    assert doctor.returncode in (1, 2), doctor.stdout + doctor.stderr
    assert "Traceback" not in doctor.stderr
    assert "SOCIAL_METRICS_REGISTRY_DIR" in doctor.stdout + doctor.stderr


def test_without_a_warehouse_nothing_is_changed_and_the_variable_is_named(program: Path, tmp_path: Path) -> None:
    for command in (["migrate"], ["close", "--month", "2026-10", "--action", "status"], ["top"]):
        refused = run(program, tmp_path, *command)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE" in refused.stderr
