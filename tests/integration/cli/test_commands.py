"""All commands: help for each, and every bad input ends in a sentence and exit code 2."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import typer.main
from typer.testing import CliRunner, Result

from local_stack.server import Server
from social_metrics.cli import app

VARIABLE = "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE"


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from _commands(command.get_command(context, name), (*path, name))


COMMANDS = list(_commands(typer.main.get_command(app)))
WORKING = [path for path in COMMANDS if not any(other[:-1] == path for other in COMMANDS)]


@pytest.fixture(autouse=True)
def bare_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine, and no demo to fall back on."""
    for name in ("YOUTUBE", "FACEBOOK", "INSTAGRAM", "X", "TIKTOK", "WAREHOUSE"):
        monkeypatch.delenv(f"AIRFLOW_CONN_SOCIAL_METRICS_{name}", raising=False)
    for name in ("REGISTRY_DIR", "DBT_PROJECT_DIR", "CREDENTIALS_KEY", "CAPTURE_CUTOFF"):
        monkeypatch.delenv(f"SOCIAL_METRICS_{name}", raising=False)
    monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path / "state"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(result: Result) -> str:
    """The sentence of a command that refuses."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def test_there_are_the_commands_of_the_design() -> None:
    first = {path[0] for path in COMMANDS if path}
    assert first >= {"top", "doctor", "capture", "migrate", "transform", "report"}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    if path in WORKING:
        assert "Examples:" in result.stdout
        assert f"social-metrics {' '.join(path)}" in " ".join(result.stdout.split())


# These work on files alone; copy-answers has two connections of its own.
FILES_ONLY = {path for path in WORKING if path[0] == "account" and path[1] != "confirm"}
FILES_ONLY |= {("center", "close"), ("center", "merge"), ("bi", "check"), ("bi", "provision"), ("init",)}
FILES_ONLY |= {("keys", "new"), ("witness",), ("verify-report",), ("checkpoint", "accept"), ("copy-answers",)}
_NEEDED = {
    ("account", "confirm"): ["kartini-x", "--evidence", "a call"],
    ("report", "boards"): ["--out", "boards.html"],
    ("report", "month"): ["--month", "2026-10"],
    ("connect",): ["youtube"],
    ("ingest",): ["kartini.xlsx"],
    ("entry", "template"): ["--out", "template.xlsx"],
    ("entry", "confirm"): ["--center", "kartini"],
    ("campaign",): ["DEMO-2026-10"],
    ("serving",): ["Kab. Sijunjung"],
    ("tag",): ["kartini-x", "1", "add", "YAPI", "--by", "tim data", "--reason", "a look"],
    ("backup",): ["backup"],
    ("restore",): ["backup"],
    ("checkpoint", "prove"): [__file__],
    ("close",): ["--month", "2026-10"],
    ("verify",): ["--month", "2026-10"],
    ("trace",): ["--center", "kartini", "--platform", "youtube", "--month", "2026-10"],
}


@pytest.mark.parametrize("path", [p for p in WORKING if p != ("doctor",) and p not in FILES_ONLY], ids=" ".join)
def test_without_a_database_every_command_says_so(path: tuple[str, ...]) -> None:
    assert f"set {VARIABLE}" in refused(run(*path, *_NEEDED.get(path, [])))


@pytest.mark.parametrize(
    "path", [("top",), ("migrate",), ("backup",), ("transform",), ("report", "boards")], ids=" ".join
)
def test_a_server_that_does_not_answer(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # somebody else's port: bound, and no PostgreSQL behind it
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv(VARIABLE, f"postgresql://someone:secret@127.0.0.1:{port}/nowhere")
        said = refused(run(*path, *_NEEDED.get(path, [])))
    assert f"127.0.0.1:{port}/nowhere does not respond" in said
    assert "secret" not in said


@pytest.mark.parametrize("path", [("top",), ("migrate",)], ids=" ".join)
def test_a_wrong_password(path: tuple[str, ...], empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = urlsplit(empty_database_url)
    monkeypatch.setenv(VARIABLE, f"postgresql://{parts.username}:wrong@{parts.hostname}:{parts.port}{parts.path}")
    said = refused(run(*path))
    assert f"refuses the password of {parts.username}" in said
    assert VARIABLE in said


@pytest.mark.usefixtures("warehouse_template")  # another database of the server is migrated: the roles exist
def test_a_database_never_migrated(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, empty_database_url)
    assert "The warehouse was never migrated. Run `social-metrics migrate`" in refused(run("top"))
    assert "migrations are pending" in run("doctor").stdout


def test_migrate_creates_the_schema_and_may_be_repeated(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, empty_database_url)
    first = run("migrate", "--format", "json")
    assert first.exit_code == 0, first.stderr
    assert json.loads(first.stdout)["applied"][0] == "0001"
    assert json.loads(run("migrate", "--format", "json").stdout) == {"applied": []}
    assert "not built yet" in refused(run("top"))


def test_a_login_that_may_not_migrate(
    postgres_server: Server, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = urlsplit(empty_database_url).path.lstrip("/")
    postgres_server.ensure_login("social_metrics_stranger", "pw")
    with postgres_server.admin() as admin:
        admin.execute(f"grant connect on database {name} to social_metrics_stranger")
    monkeypatch.setenv(VARIABLE, postgres_server.url(name, "social_metrics_stranger", "pw"))
    assert "The warehouse refuses the migration" in refused(run("migrate"))


def test_a_broken_registry_row(warehouse_url: str, monkeypatch: pytest.MonkeyPatch, broken_registry: Path) -> None:
    monkeypatch.setenv(VARIABLE, warehouse_url)
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(broken_registry))
    said = refused(run("capture", "--missing"))
    assert "center_accounts.csv, line 4" in said
    assert "is not a platform of platforms.csv" in said


def test_a_setting_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_CAPTURE_CUTOFF", "late")
    assert "SOCIAL_METRICS_CAPTURE_CUTOFF has the unusable value 'late'" in refused(run("top"))


def test_capture_names_what_it_cannot_read(warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, warehouse_url)
    assert "is verified, so there is nothing to read" in refused(run("capture"))
    assert "'myspace' is not a platform of the registry" in refused(run("capture", "--platform", "myspace"))


def test_the_page_goes_where_it_can_be_written(
    example_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, example_url)
    nowhere = tmp_path / "absent" / "boards.html"
    assert f"{nowhere} cannot be written" in refused(run("report", "boards", "--out", str(nowhere)))
    page = tmp_path / "boards.html"
    done = run("report", "boards", "--out", str(page), "--format", "json")
    assert json.loads(done.stdout) == {"file": str(page), "date": "2024-01-31"}
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["boards.html"]


def test_a_break_in_the_warehouse_is_a_sentence(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, example_url)
    with psycopg.connect(example_url) as connection:
        connection.execute("set role social_metrics_transformer")
        connection.execute("drop table marts.dim_centers")
        connection.execute(
            "create view marts.dim_centers as select (1 / (random() * 0)::int)::text as center_code, "
            "''::text as center_name, ''::text as city, ''::text as time_zone, ''::text as time_zone_label, "
            "null::date as valid_from, null::date as valid_to"
        )
        connection.execute("grant select on marts.dim_centers to social_metrics_bi_reader")
    assert "The warehouse broke off the work: division by zero" in refused(run("top"))


def test_provisioning_says_what_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOCIAL_METRICS_BI_PASSWORD", raising=False)
    said = refused(run("bi", "provision", "--url", "http://127.0.0.1:1"))
    assert "SOCIAL_METRICS_BI_PASSWORD is not set" in said
