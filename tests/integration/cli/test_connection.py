"""A bare shell after `make demo`: the demo's warehouse is found, started for the command, and stopped again."""

import fcntl
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from social_metrics.cli import app, place
from social_metrics.settings import load_settings
from tests.support.example_marts import create_example_marts


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedPostgres:
    """The state of a stopped demo whose marts hold the example."""
    for name in ("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", "SOCIAL_METRICS_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path))
    stack = LocalStack(Layout(tmp_path), load_settings())
    try:
        create_example_marts(stack.start_database().warehouse_url)
    finally:
        stack.stop()
    return EmbeddedPostgres(Layout(tmp_path).postgres)


def test_top_starts_the_demos_postgres_and_stops_it(demo: EmbeddedPostgres) -> None:
    assert demo.pid is None
    result = CliRunner().invoke(app, ["top"])
    assert result.exit_code == 0, result.stderr
    assert "Sentra Terpadu Kartini" in result.stdout
    assert "using the demo's warehouse" in " ".join(result.stderr.split())
    assert demo.pid is None


def test_a_running_demo_is_left_running(demo: EmbeddedPostgres) -> None:
    demo.start()
    try:
        assert CliRunner().invoke(app, ["top"]).exit_code == 0
        assert demo.pid is not None
    finally:
        demo.stop()


def test_a_problem_stops_it_too(demo: EmbeddedPostgres) -> None:
    assert CliRunner().invoke(app, ["top", "--date", "2020-01-01"]).exit_code == 2
    assert demo.pid is None


def test_whoever_works_on_the_demo_is_waited_for_and_then_named(
    demo: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "LOCK_SECONDS", 0.2)
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = CliRunner().invoke(app, ["top"])
    assert result.exit_code == 2
    assert "Another command is at work" in result.stderr
