"""Warehouses with sealed random evidence."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

import psycopg
import pytest

from social_metrics.audit.seals import seal_days, sealing
from social_metrics.stack.databases import Login
from social_metrics.stack.server import Server
from social_metrics.warehouse import migrate
from social_metrics.warehouse.connect import connect, open_connection
from tests.unit.audit.random_evidence import RandomEvidence

FIRST_DAY = date(2026, 10, 28)  # the evenings cross a month's edge
EVENINGS = 5
_numbers = count(1)


@pytest.fixture
def closer(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """A connection as the group closer."""
    with open_connection(warehouse_url, "closer") as connection:
        yield connection


@pytest.fixture(scope="module")
def new_warehouse(
    postgres_server: Server, service_login: Login, warehouse_template: str
) -> Iterator[Callable[[], str]]:
    """Makes migrated warehouses and gives their address; they are dropped at the module's end."""
    names = []

    def make() -> str:
        names.append(f"social_metrics_audit_{os.getpid()}_{next(_numbers)}")
        postgres_server.ensure_database(names[-1], owner=service_login.name, template=warehouse_template)
        url = postgres_server.url(names[-1], service_login.name, service_login.password)
        migrate.grant_database_rights(url)
        return url

    yield make
    for name in names:
        postgres_server.drop_database(name)


def write_history(url: str, seed: int) -> None:
    """Write five evenings; most are sealed as they end, the others with a later one, and one entry comes late."""
    with psycopg.connect(url, autocommit=True) as owner, connect(url, "closer") as closer:
        evidence = RandomEvidence(owner, seed)
        for number in range(EVENINGS):
            day = FIRST_DAY + timedelta(days=number)
            evidence.evening(day)
            if number == EVENINGS - 1:
                evidence.hand_entry(FIRST_DAY, datetime.combine(day, time(16, 0), UTC))
            if evidence.random.random() < 0.7 or number == EVENINGS - 1:
                seal(closer)


def seal(connection: psycopg.Connection) -> None:
    """Seal what is there."""
    with sealing(connection):
        seal_days(connection)
