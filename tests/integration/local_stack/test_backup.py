"""A backup comes back: the same tables row for row, a close that verifies, and nothing is ever written over."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from local_stack import StackError
from local_stack.backup import Manifest, back_up, restore, set_aside
from local_stack.databases import Login
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.server import Server
from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import MARTS_OF_A_MONTH, Rule
from social_metrics.audit.verification import verify_month
from social_metrics.clock import utc_now
from tests.support.closable import MONTH, Closable

pytestmark = pytest.mark.slow
_numbers = count(1)


@pytest.fixture
def closed(closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> Closable:
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    with psycopg.connect(closable.url) as owner:
        owner.execute(
            "insert into raw.evidence_files values "
            "(encode(sha256('bytes'), 'hex'), 'layar.png', 'image/png', 5, 'bytes', now()) on conflict do nothing"
        )
    draft_close(closable.settings, closable.url, MONTH)
    return closable


def take(server: Server, login: Login, closed: Closable, target: Path) -> Manifest:
    with psycopg.connect(closed.url) as connection:
        database = connection.info.dbname
    return back_up(server, database, login.name, {"registry": closed.registry, "reports": closed.state / "no"}, target)


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[Server]:
    """A server on which nothing of ours was ever made: no login, no group, no database."""
    postgres = EmbeddedPostgres(tmp_path / "elsewhere", durable=False)
    try:
        yield postgres.start()
    finally:
        postgres.stop()


def marts(url: str) -> dict[str, list[tuple[str]]]:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return {
            mart: connection.execute(f"select t::text from marts.{mart} as t order by 1").fetchall()
            for mart in MARTS_OF_A_MONTH
        }


def test_it_ends_in_identical_marts_and_a_close_that_verifies_on_a_server_that_never_saw_us(
    closed: Closable, postgres_server: Server, service_login: Login, other_server: Server, tmp_path: Path
) -> None:
    manifest = take(postgres_server, service_login, closed, tmp_path / "backup")
    assert manifest.tables["marts.fct_follower_growth_daily"][0] > 100
    assert manifest.tables["raw.evidence_files"][0] >= 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backup").iterdir()} == {0o600}

    home = tmp_path / "home" / "registry"
    assert restore(other_server, service_login, "again", {"registry": home}, tmp_path / "backup") == manifest
    url = other_server.url("again", service_login.name, service_login.password)
    assert marts(url) == marts(closed.url)
    found = verify_month(Closable(url, home, closed.state).settings, url, MONTH, now=utc_now())
    assert found.holds
    assert found.late_rows == {}
    with psycopg.connect(url) as connection:
        assert connection.execute("select body from raw.evidence_files where file_name = 'layar.png'").fetchall()
        # What nobody may change there nobody may change here: grants and triggers came along.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from audit.seals")
    with psycopg.connect(url) as connection:
        connection.execute("set role social_metrics_loader")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from raw.posts")


def test_nothing_is_written_over(
    closable: Closable, postgres_server: Server, service_login: Login, tmp_path: Path
) -> None:
    take(postgres_server, service_login, closable, tmp_path / "backup")
    with pytest.raises(StackError, match="is there already"):
        take(postgres_server, service_login, closable, tmp_path / "backup")
    with psycopg.connect(closable.url) as connection:
        database = connection.info.dbname
    with pytest.raises(StackError, match="never writes over"):
        restore(postgres_server, service_login, database, {}, tmp_path / "backup")
    mine = tmp_path / "registry-of-mine"
    mine.mkdir()
    (mine / "centers.csv").write_text("mine")
    name = f"social_metrics_restored_{os.getpid()}_{next(_numbers)}"
    restore(postgres_server, service_login, name, {"registry": mine}, tmp_path / "backup")
    postgres_server.drop_database(name)
    assert (mine / "centers.csv").read_text() == "mine"
    assert (mine / "platforms.csv").exists()


@pytest.mark.parametrize("part", ["warehouse.dump", "files.tar", "manifest.json", "tables"])
def test_a_backup_that_was_damaged_is_refused_and_leaves_no_database(
    closable: Closable, postgres_server: Server, service_login: Login, tmp_path: Path, part: str
) -> None:
    backup = tmp_path / "backup"
    take(postgres_server, service_login, closable, backup)
    if part == "tables":  # whole to the eye, and not what it says
        manifest = json.loads((backup / "manifest.json").read_text())
        manifest["tables"]["marts.fct_center_monthly"][1] = "0"
        (backup / "manifest.json").write_text(json.dumps(manifest))
    else:
        (backup / part).write_bytes((backup / part).read_bytes()[:-40])
    name = f"social_metrics_restored_{os.getpid()}_{next(_numbers)}"
    expected = "fct_center_monthly" if part == "tables" else "no backup that can be read|not the file"
    with pytest.raises(StackError, match=expected):
        restore(postgres_server, service_login, name, {}, backup)
    with postgres_server.admin() as admin:
        assert not admin.execute("select from pg_database where datname = %s", (name,)).fetchone()


def test_what_was_there_keeps_its_place_when_the_restore_fails(postgres_server: Server) -> None:
    name = f"social_metrics_aside_{os.getpid()}_{next(_numbers)}"
    postgres_server.ensure_database(name)

    def fail() -> None:
        with set_aside(postgres_server, name) as aside:
            assert aside != name
            raise StackError("no")

    with pytest.raises(StackError, match="no"):
        fail()
    with postgres_server.admin() as admin:
        assert admin.execute("select from pg_database where datname = %s", (name,)).fetchone() is not None
    postgres_server.drop_database(name)


def test_the_password_stands_in_no_process_list(
    closable: Closable, postgres_server: Server, service_login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[list[str]] = []
    real = subprocess.run

    def run(command: list[str], **options: object) -> object:
        lines.append([str(word) for word in command])
        return real(command, **options)

    monkeypatch.setattr("local_stack.backup.subprocess.run", run)
    take(postgres_server, service_login, closable, tmp_path / "backup")
    assert any("pg_dump" in word for line in lines for word in line)
    assert not [line for line in lines if any(postgres_server.password in word for word in line)]
