"""The embedded PostgreSQL: started, found, stopped, started again; and what it says when it cannot."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local_stack import StackError, embedded_postgres
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.server import server_at


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    yield server
    server.stop()


def _write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table kept (n int)")


def _can_read(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_restart_keeps_data_address_and_password(postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    _write(first.url("postgres"))
    postgres.stop()
    assert postgres.pid is None
    assert postgres.start() == first
    assert _can_read(first.url("postgres"))


def test_starting_twice_finds_the_running_server(postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    pid = postgres.pid
    other_program = EmbeddedPostgres(postgres.folder)
    assert other_program.start() == first
    assert other_program.pid == pid
    other_program.stop()
    assert postgres.pid is None


def test_it_recovers_from_kill_9(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres", durable=True)
    try:
        server = postgres.start()
        _write(server.url("postgres"))
        assert postgres.pid
        os.kill(postgres.pid, signal.SIGKILL)
        again = EmbeddedPostgres(postgres.folder).start()
        assert _can_read(again.url("postgres"))
    finally:
        EmbeddedPostgres(postgres.folder).stop()


def test_stopping_what_does_not_run_is_harmless(postgres: EmbeddedPostgres) -> None:
    postgres.stop()


def test_a_port_that_was_taken_meanwhile_is_replaced(postgres: EmbeddedPostgres) -> None:
    port = postgres.start().port
    postgres.stop()
    other = EmbeddedPostgres(postgres.folder.with_name("other"), durable=False)
    other.folder.mkdir()
    (other.folder / "port").write_text(str(port))
    try:
        assert other.start().port == port
        assert postgres.start().port != port
    finally:
        other.stop()


def test_the_password_is_demanded_and_its_file_is_private(postgres: EmbeddedPostgres) -> None:
    server = postgres.start()
    assert stat.S_IMODE((postgres.folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(postgres.folder.stat().st_mode) == 0o700
    with pytest.raises(StackError, match="refuses the password of postgres"):
        server_at(server.url("postgres", password="guessed"))
    with pytest.raises(StackError, match="refuses the password of postgres"):
        server_at(server.url("postgres", password=""))


def test_only_this_machine_can_connect(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.start().url("postgres")) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("show unix_socket_directories").fetchone() == ("",)


def test_a_lost_password_is_a_sentence(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.folder / "password").write_text("another")
    with pytest.raises(StackError, match="refuses the password"):
        postgres.start()


def test_a_data_folder_of_another_version_is_left_alone(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(StackError, match=r"created by PostgreSQL 14, installed is \d+. Run `make clean`"):
        postgres.start()


def test_without_the_wheel_the_way_out_is_named(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_postgres, "PACKAGE", "no_such_package")
    with pytest.raises(StackError, match="SOCIAL_METRICS_POSTGRES_URL"):
        postgres.start()


def test_a_full_disk_is_reported_in_one_sentence(tmp_path: Path) -> None:
    in_the_way = tmp_path / "postgres"
    (in_the_way / "data").mkdir(parents=True)
    (in_the_way / "data" / "PG_VERSION").write_text("18\n")
    with pytest.raises(StackError, match="PostgreSQL did not start"):
        EmbeddedPostgres(in_the_way, durable=False).start()
