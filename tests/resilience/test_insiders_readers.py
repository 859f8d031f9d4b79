"""A reader writes nothing, and stops nobody: no lock, no session and no setting of theirs lasts."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login, take_rights_from_all
from local_stack.server import Server
from social_metrics.audit.seals import SEAL_LOCK, seal_days, sealing
from social_metrics.monitoring.system_checks import reader_rights
from social_metrics.publish.bi.logins import ReadingLogin, altered_logins, ensure_reading_logins
from social_metrics.warehouse import connect as connections
from social_metrics.warehouse import sessions
from social_metrics.warehouse.connect import WarehouseProblem, connect
from social_metrics.warehouse.sessions import end_long_sessions
from tests.support.closable import as_person

KEY = "a key of sixteen characters"
WRITES = (
    "select lo_create(0)", "select lo_creat(-1)", "select lo_from_bytea(0, 'x')", "select lo_put(1, 0, 'x')",
    "select lo_open(1, 131072)", "select lowrite(0, 'x')", "select lo_unlink(1)", "select lo_import('/etc/passwd')",
    "create temporary table x (a int)", "create table public.x (a int)", "create schema x",
    "select pg_logical_emit_message(false, 'x', repeat('x', 1000))", "insert into raw.runs values ('x', 'x', now())",
    "select ops.ensure_month_partitions(array[now()])", "copy (select 1) to program 'true'",
    "do $$ begin raise log 'x'; end $$", "set temp_file_limit = -1",
)  # fmt: skip
LOCKS = (
    "select pg_advisory_lock({key})", "select pg_try_advisory_lock({key})", "select pg_advisory_xact_lock({key})",
    "select pg_advisory_lock_shared({key})", "select pg_try_advisory_xact_lock_shared({key})",
    "select pg_advisory_lock(1, 2)", "begin; lock table raw.posts; commit",
    "begin; lock table audit.seals in share mode; commit",
)  # fmt: skip


@pytest.fixture
def readers(warehouse_url: str, postgres_server: Server, people: dict[str, Login]) -> Iterator[dict[str, str]]:
    """Addresses of the warehouse for leadership, a center, an auditor and a person who signs."""
    database = warehouse_url.rpartition("/")[2]
    leadership = f"reads_{database}"[-40:]
    take_rights_from_all(postgres_server, database)  # a copied database has no settings
    made = ensure_reading_logins(warehouse_url, ["kartini"], leadership, KEY)
    auditor = sql.Identifier(f"auditor_{database}")
    with postgres_server.admin() as admin:
        admin.execute(sql.SQL("create role {} login password 'x' in role social_metrics_auditor").format(auditor))
    yield {
        **{login.center_code or "leadership": login.url(warehouse_url) for login in made},
        "auditor": as_person(warehouse_url, Login(f"auditor_{database}", "x")),
        "closer": as_person(warehouse_url, people["maker"]),
    }
    postgres_server.drop_database(database)
    with postgres_server.admin() as admin:
        for name in (*(sql.Identifier(login.name) for login in made), auditor):
            admin.execute(sql.SQL("drop role {}").format(name))


def test_readers_write_nothing_and_lock_nothing(readers: dict[str, str]) -> None:
    for who, url in readers.items():
        with psycopg.connect(url, autocommit=True) as reader:
            reader.execute("set default_transaction_read_only = off")
            assert reader.execute("show temp_file_limit").fetchone() == ("10GB",)
            for statement in (*WRITES, *(lock.replace("{key}", str(SEAL_LOCK)) for lock in LOCKS)):
                assert is_refused(reader, statement), f"{who} may {statement}"


def is_refused(reader: psycopg.Connection, statement: str) -> bool:
    try:
        reader.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        reader.rollback()
        return True
    return False


def test_service_still_has_its_locks_and_its_language(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as service:
        service.execute("do $$ begin null; end $$")
    for role in ("loader", "transformer", "recorder", "retention"):
        with psycopg.connect(warehouse_url) as session:
            session.execute(f"set role social_metrics_{role}".encode())
            session.execute("select pg_advisory_xact_lock(1), pg_advisory_xact_lock(1, 2)")


def test_doctor_names_a_server_on_which_nothing_was_taken_from_all(warehouse_url: str, postgres_server: Server) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as service:
        assert list(reader_rights(None, service)) == []  # type: ignore[arg-type]
        with postgres_server.admin(warehouse_url.rpartition("/")[2]) as admin:
            admin.execute("grant usage on language plpgsql to public")
        (found,) = reader_rights(None, service)  # type: ignore[arg-type]
    assert "run programs in the database" in found.message


def test_reader_who_stays_is_ended(
    readers: dict[str, str], warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(readers["leadership"]) as reader, psycopg.connect(warehouse_url) as service:
        reader.execute("select 1")
        assert end_long_sessions(service) == ([], True)
        service.commit()
        monkeypatch.setattr(sessions, "LONGEST", timedelta(0))
        (ended,), could_be = end_long_sessions(service)
        assert (ended.pid, could_be) == (reader.info.backend_pid, True)
        with pytest.raises(psycopg.OperationalError):
            reader.execute("select 1")
        service.commit()


def test_wait_for_a_lock_ends_with_the_name_of_its_holder(
    warehouse_url: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOCK_SECONDS", 1)
    with postgres_server.admin(warehouse_url.rpartition("/")[2]) as holder:
        holder.execute("select pg_advisory_lock(%s)", (SEAL_LOCK,))
        with (
            pytest.raises(WarehouseProblem, match=rf"{holder.info.user} \(process {holder.info.backend_pid}\)"),
            connect(warehouse_url, "recorder") as recorder,
            sealing(recorder),
        ):
            seal_days(recorder)


def test_login_that_altered_itself_is_found_and_set_back(readers: dict[str, str], warehouse_url: str) -> None:
    leadership = f"reads_{warehouse_url.rpartition('/')[2]}"[-40:]
    login = ReadingLogin(leadership, "", None)
    assert altered_logins(warehouse_url, leadership, KEY) == {}
    with psycopg.connect(readers["leadership"]) as reader:
        reader.execute("set transaction read write")
        reader.execute(sql.SQL("alter role {} set statement_timeout = 0").format(sql.Identifier(login.name)))
    with psycopg.connect(readers["kartini"]) as reader:
        reader.execute("set transaction read write")
        reader.execute("alter role current_user password 'mine'")
    found = altered_logins(warehouse_url, leadership, KEY)
    assert "statement_timeout=0" in found[leadership]
    assert found[f"{leadership}_kartini"] == "its password is another one"
    ensure_reading_logins(warehouse_url, ["kartini"], leadership, KEY)
    assert altered_logins(warehouse_url, leadership, KEY) == {}
