"""Warehouses with marts: a clone of the migrated template, filled with evidence and built by dbt."""

import csv
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from local_stack.databases import Login
from local_stack.server import Server
from social_metrics.warehouse import migrate
from tests.dbt.reference.histories import RETENTION_AS_OF, loaded_late
from tests.support.dbt_runner import PROJECT, Warehouse
from tests.support.factories import Evidence

_numbers = count(1)


@pytest.fixture(scope="session")
def next_steps() -> dict[str, str | None]:
    """The rule seed's English text of what to do, by outcome."""
    with (PROJECT / "seeds/rules/capture_outcomes.csv").open(newline="", encoding="utf-8") as file:
        return {row["outcome"]: row["next_step_en"] or None for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def make_warehouse(
    postgres_server: Server, service_login: Login, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Evidence], Warehouse]]:
    """Makes warehouses filled with evidence, not yet built; they are dropped at the module's end."""
    names: list[str] = []

    def make(evidence: Evidence) -> Warehouse:
        names.append(f"{warehouse_template}_dbt_{next(_numbers)}")
        postgres_server.ensure_database(names[-1], owner=service_login.name, template=warehouse_template)
        url = postgres_server.url(names[-1], service_login.name, service_login.password)
        migrate.grant_database_rights(url)
        home: Path = tmp_path_factory.mktemp("warehouse")
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
