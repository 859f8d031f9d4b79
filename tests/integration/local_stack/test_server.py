"""A server by its address: checked before anything is done there."""

import psycopg
import pytest

from local_stack import StackError, server
from local_stack.databases import Login, ensure_metadata, ensure_warehouse
from local_stack.ports import LOOPBACK, demand_port, free_port
from local_stack.secret_files import new_password
from local_stack.server import Server, server_at
from social_metrics.warehouse import migrate


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "mysql://root:x@localhost/db", "postgresql://localhost/db", "postgresql://a:b@host:port/db"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(StackError, match=r"not of the form postgresql://"):
        server_at(address)


def test_nobody_there_is_a_sentence() -> None:
    with pytest.raises(StackError, match=f"No PostgreSQL answers at {LOOPBACK}"):
        server_at(f"postgresql://postgres:x@{LOOPBACK}:{free_port()}/postgres")


def test_a_server_that_is_too_old_is_refused(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLDEST_VERSION", 99)
    with pytest.raises(StackError, match="needs 99 or newer"):
        server_at(postgres_server.url("postgres"))


def test_a_missing_database_is_a_sentence(postgres_server: Server) -> None:
    with pytest.raises(StackError, match='database "nowhere" does not exist'):
        server_at(postgres_server.url("nowhere"))


def test_no_password_in_a_repr(postgres_server: Server) -> None:
    assert postgres_server.password
    assert postgres_server.password not in repr(postgres_server)


def test_a_taken_port_is_named_with_the_setting(postgres_server: Server) -> None:
    with pytest.raises(StackError, match=rf"Port {postgres_server.port} .* SOCIAL_METRICS_AIRFLOW_PORT"):
        demand_port(postgres_server.port, "api-server", "SOCIAL_METRICS_AIRFLOW_PORT")
    assert free_port(postgres_server.port) != postgres_server.port


def test_each_login_sees_its_own_database_only(postgres_server: Server) -> None:
    names = {"warehouse": "apart_warehouse", "airflow": "apart_airflow"}
    service = Login("apart_service", new_password())
    airflow = Login("apart_airflow_login", new_password())
    try:
        ensure_warehouse(postgres_server, service, names["warehouse"])
        ensure_metadata(postgres_server, airflow, names["airflow"])
        for login, database in ((service, names["airflow"]), (airflow, names["warehouse"])):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(postgres_server.url(database, login.name, login.password))
    finally:
        for database in names.values():
            postgres_server.drop_database(database)
        with postgres_server.admin() as connection:
            connection.execute("drop role if exists apart_airflow_login")


def test_a_second_warehouse_on_the_server_can_be_migrated(postgres_server: Server, warehouse_url: str) -> None:
    # The group roles belong to the whole server and were made by another login.
    database = "second_warehouse"
    try:
        url = ensure_warehouse(postgres_server, Login("second_service", new_password()), database)
        migrate.upgrade(url)
        with psycopg.connect(url) as connection:
            connection.execute("set role social_metrics_loader")
            connection.execute("select from raw.api_responses")
    finally:
        postgres_server.drop_database(database)
