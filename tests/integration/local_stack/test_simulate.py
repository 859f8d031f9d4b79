"""`python -m local_stack simulate`: help of every command, and its refusals where no simulator is."""

from collections.abc import Iterator

import click
import pytest
import typer
from typer.testing import CliRunner

from local_stack.simulate import simulate


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from _commands(child, (*path, name))


COMMANDS = list(_commands(typer.main.get_command(simulate)))


def test_there_are_commands() -> None:
    assert {path[0] for path in COMMANDS} == {"history", "clock", "faults"}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(simulate, [*path, "--help"])
    assert result.exit_code == 0
    assert f"python -m local_stack simulate {' '.join(path)}" in " ".join(result.stdout.split())


def test_it_needs_a_connection_that_points_at_the_simulator(
    warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("YOUTUBE", "FACEBOOK", "INSTAGRAM", "X", "TIKTOK", "THREADS"):
        monkeypatch.delenv(f"AIRFLOW_CONN_SOCIAL_METRICS_{name}", raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
    history = CliRunner().invoke(simulate, ["history"])
    assert history.exit_code == 2
    assert "No connection points at the simulator" in history.stderr
    fault = CliRunner().invoke(simulate, ["faults", "add", "slow", "--with", "times"])
    assert fault.exit_code == 2
    assert "has no '='" in fault.stderr
