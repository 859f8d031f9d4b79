"""The table of commands: held to the commands' own docstrings, and read without importing a command."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.core import TyperGroup

from social_metrics.cli.application import COMMANDS, app

TABLE = {name: entry for commands in COMMANDS.values() for name, entry in commands.items()}
HEAVY = (
    "psycopg",
    "pydantic",
    "sqlalchemy",
    "alembic",
    "yaml",
    "requests",
    "cryptography",
    "pandas",
    "openpyxl",
    "dbt",
)


@pytest.mark.parametrize("name", TABLE)
def test_the_sentence_is_the_first_of_the_commands_own_help(name: str) -> None:
    module, attribute, sentence = TABLE[name]
    found = getattr(import_module(f"social_metrics.cli.{module}"), attribute)
    own = found.info.help if isinstance(found, typer.Typer) else found.__doc__
    first = " ".join(own.strip().split("\n\n")[0].split())
    assert first.startswith(sentence), first


@pytest.mark.parametrize("name", TABLE)
def test_every_command_is_found_under_its_name(name: str) -> None:
    group = typer.main.get_command(app)
    command = group.get_command(typer.Context(group), name)
    assert command.name == name
    module, attribute, _ = TABLE[name]
    is_group = isinstance(getattr(import_module(f"social_metrics.cli.{module}"), attribute), typer.Typer)
    assert isinstance(command, TyperGroup) == is_group, "a group of one command stays a group"


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_asking_for_the_program_imports_no_command(option: str) -> None:
    script = (
        "import sys; from social_metrics.cli import app\n"
        f"sys.argv = ['social-metrics', '{option}']\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print('LOADED', [name for name in sys.modules if name.startswith('social_metrics.')], '|',\n"
        f"      [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours, _, heavy = done.stdout.rsplit("LOADED", 1)[1].partition("|")
    assert heavy.strip() == "[]"
    assert sorted(ours.strip(" []").replace("'", "").split(", ")) == [
        "social_metrics.cli", "social_metrics.cli.application", "social_metrics.cli.console", "social_metrics.errors",
        "social_metrics.plain_text",
    ]  # fmt: skip
