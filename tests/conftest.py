"""What every test may ask for: a real PostgreSQL and a fresh warehouse."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from local_stack.databases import SERVICE_LOGIN, Login, ensure_service_login
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.secret_files import new_password
from local_stack.server import Server, server_at
from social_metrics.warehouse import migrate

pytest_plugins = ["tests.support.run_guards"]

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
    """Name of a migrated database that nobody is connected to: the mould of every `warehouse_url`."""
    postgres_server.ensure_database(TEMPLATE, owner=service_login.name)
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


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return Path(__file__).resolve().parents[1]
