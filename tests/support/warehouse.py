"""Fixtures: a real PostgreSQL and fresh warehouses; and what tests read from them or have refused."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local_stack.databases import SERVICE_LOGIN, Login, ensure_service_login, take_rights_from_all
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.secret_files import new_password
from local_stack.server import Server, server_at
from social_metrics.warehouse import migrate

if TYPE_CHECKING:
    from tests.support.dbt_runner import Warehouse
    from tests.support.factories import Evidence

TEMPLATE = f"social_metrics_template_{os.getpid()}"
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An administrator's access to a real PostgreSQL: embedded, or the one of SOCIAL_METRICS_POSTGRES_URL."""
    given = os.environ.get("SOCIAL_METRICS_POSTGRES_URL")
    if given:
        yield server_at(given)
        return
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def service_login(postgres_server: Server) -> Login:
    """The warehouse's service login, as the programs use it."""
    login = Login(SERVICE_LOGIN, new_password())
    ensure_service_login(postgres_server, login)
    return login


@pytest.fixture
def empty_database_url(postgres_server: Server, service_login: Login) -> Iterator[str]:
    """The service login's URI of a new, empty database that it owns."""
    yield from _database(postgres_server, service_login)


@pytest.fixture(scope="session")
def warehouse_template(postgres_server: Server, service_login: Login) -> Iterator[str]:
    """Name of a migrated database without connections: the template of every `warehouse_url`."""
    postgres_server.ensure_database(TEMPLATE, owner=service_login.name)
    take_rights_from_all(postgres_server, TEMPLATE)
    migrate.upgrade(postgres_server.url(TEMPLATE, service_login.name, service_login.password))
    yield TEMPLATE
    postgres_server.drop_database(TEMPLATE)


@pytest.fixture
def warehouse_url(postgres_server: Server, service_login: Login, warehouse_template: str) -> Iterator[str]:
    """The service login's URI of a fresh, migrated warehouse; it is dropped after the test."""
    yield from _database(postgres_server, service_login, warehouse_template)


def _database(server: Server, login: Login, template: str | None = None) -> Iterator[str]:
    name = f"social_metrics_test_{os.getpid()}_{next(_numbers)}"
    server.ensure_database(name, owner=login.name, template=template)
    if template:
        migrate.grant_database_rights(server.url(name, login.name, login.password))
    yield server.url(name, login.name, login.password)
    server.drop_database(name)


@pytest.fixture(scope="module")
def make_warehouse(
    postgres_server: Server, service_login: Login, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[["Evidence"], "Warehouse"]]:
    """Makes warehouses filled with evidence, not yet built; they are dropped at the module's end."""
    from tests.dbt.reference.histories import RETENTION_AS_OF, loaded_late
    from tests.support.dbt_runner import Warehouse

    names: list[str] = []

    def make(evidence: "Evidence") -> "Warehouse":
        names.append(f"{warehouse_template}_dbt_{next(_numbers)}")
        postgres_server.ensure_database(names[-1], owner=service_login.name, template=warehouse_template)
        url = postgres_server.url(names[-1], service_login.name, service_login.password)
        migrate.grant_database_rights(url)
        home = tmp_path_factory.mktemp("warehouse")
        warehouse = Warehouse(
            url,
            registry=home / "registry",
            state=home / "state",
            variables={"retention_as_of": RETENTION_AS_OF.isoformat()},
        )
        warehouse.load(evidence, loaded_late)
        return warehouse

    yield make
    for name in names:
        postgres_server.drop_database(name)


def rows_of(url: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What the warehouse answers."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), parameters or None).fetchall()


def refuse_outcomes(url: str, *conditions: str) -> None:
    """Refuse each new row of raw.capture_outcomes of which one of the conditions (SQL on `new`) holds."""
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            create function raw.refuse() returns trigger language plpgsql as $$
            begin raise 'this row is refused by a test'; end $$
            """
        )
        for number, condition in enumerate(conditions):
            connection.execute(
                f"create trigger refuse_{number} before insert on raw.capture_outcomes "
                f"for each row when ({condition}) execute function raw.refuse()".encode()
            )


def change_evidence(owner: psycopg.Connection, statement: str, parameters: Sequence[Any] = ()) -> int:
    """Change rows of raw as no program can, with the triggers of their table off; returns the number of rows."""
    table = statement.replace("delete from", "update").split()[1]
    with owner.transaction():
        owner.execute(f"alter table {table} disable trigger user".encode())
        changed = owner.execute(statement.encode(), parameters or None).rowcount
        owner.execute(f"alter table {table} enable trigger user".encode())
    return changed
