"""`lake`: the same landing as the DAGs', by hand."""

import json
from datetime import date
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from social_metrics.cli import app
from tests.support.random_evidence import RandomEvidence

DAY = date(2026, 10, 28)


@pytest.fixture(autouse=True)
def _evening(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        RandomEvidence(connection, 5).write_run(DAY)


@pytest.mark.parametrize("command", ["land", "build"])
def test_without_a_lake_it_says_what_to_set(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOCIAL_METRICS_LAKE", raising=False)
    result = CliRunner().invoke(app, ["lake", command])
    assert result.exit_code == 2
    assert "SOCIAL_METRICS_LAKE names no lake" in result.stderr


def test_a_landing_says_which_dates_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_LAKE", str(tmp_path / "lake"))
    answers = [json.loads(CliRunner().invoke(app, ["lake", "land", "--format", "json"]).stdout) for _ in range(2)]
    assert [answer["tables"]["raw.posts"]["written"] for answer in answers] == [[DAY.isoformat()], []]
    assert answers[0]["rows"] > answers[1]["rows"] == 0
    table = CliRunner().invoke(app, ["lake", "land"])
    assert table.exit_code == 0, table.output
    assert "raw.capture_outcomes" in table.stdout


def test_without_spark_it_says_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SOCIAL_METRICS_SPARK_DBT", str(tmp_path / "nowhere"))
    result = CliRunner().invoke(app, ["lake", "build"])
    assert result.exit_code == 2
    assert "make venv-spark" in result.stderr
