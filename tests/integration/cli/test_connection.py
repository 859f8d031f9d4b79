"""A bare shell after `make demo`: its PostgreSQL answers questions while it runs, and no command starts it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from social_metrics.cli import app
from social_metrics.settings import load_settings
from tests.support.example_marts import create_example_marts

VARIABLE = "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE"


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedPostgres]:
    """What `make demo` leaves: its PostgreSQL, with the example's marts, and the environment file."""
    for name in (VARIABLE, "SOCIAL_METRICS_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path))
    stack = LocalStack(Layout(tmp_path), load_settings())
    try:
        addresses = stack.start_database()
        create_example_marts(addresses.warehouse_url)
        stack.write_environment(addresses)
        yield EmbeddedPostgres(Layout(tmp_path).postgres)
    finally:
        stack.stop()


def test_a_question_is_answered_from_the_demo_which_is_named(demo: EmbeddedPostgres, tmp_path: Path) -> None:
    before = dict(os.environ)
    result = CliRunner().invoke(app, ["top"])
    assert result.exit_code == 0, result.stderr
    assert "Sentra Terpadu Kartini" in result.stdout
    assert "the answer comes from the demo" in " ".join(result.stderr.split())
    assert demo.pid is not None
    assert dict(os.environ) == before
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600


def test_a_stopped_demo_is_not_started_but_named(demo: EmbeddedPostgres) -> None:
    demo.stop()
    result = CliRunner().invoke(app, ["top"])
    assert result.exit_code == 2
    assert "PostgreSQL" in result.stderr
    assert "make database" in " ".join(result.stderr.split())
    assert demo.pid is None


def test_a_connection_that_is_set_comes_before_the_demo(
    demo: EmbeddedPostgres, example_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.stop()
    monkeypatch.setenv(VARIABLE, example_url)
    result = CliRunner().invoke(app, ["top"])
    assert result.exit_code == 0, result.stderr
    assert "demo" not in result.stderr


@pytest.mark.parametrize("command", [["migrate"], ["close", "--month", "2026-10", "--action", "status"]])
def test_what_changes_a_warehouse_never_falls_back_to_the_demo(demo: EmbeddedPostgres, command: list[str]) -> None:
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert f"set {VARIABLE}" in result.stderr


def test_stopping_the_stack_removes_the_environment_file(demo: EmbeddedPostgres, tmp_path: Path) -> None:
    assert (tmp_path / "env").exists()
    LocalStack(Layout(tmp_path), load_settings()).stop()
    assert not (tmp_path / "env").exists()
