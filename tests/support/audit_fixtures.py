"""Warehouses with sealed random evidence."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from local_stack.databases import Login
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.audit import closing, verification
from social_metrics.audit.closing import draft_close
from social_metrics.audit.release_rules import digests_of_releases
from social_metrics.audit.rules import MARTS_OF_A_MONTH, Rule, rules_in_force
from social_metrics.audit.seals import seal_days, sealing
from social_metrics.warehouse import migrate
from social_metrics.warehouse.connect import connect, open_connection
from tests.support.closable import DRAFTED_AT, MONTH, Closable, evidence
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence
from tests.support.random_evidence import RandomEvidence

FIRST_DAY = date(2026, 10, 28)  # the runs cross the end of a month
RUNS = 5
OF_A_PAGE = (
    "dim_centers",
    "dim_platforms",
    "dim_accounts",
    "fct_center_daily",
)  # queried by the provisional page as well
_numbers = count(1)


@pytest.fixture
def closer(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """A connection as the group recorder: what a closer may read, and the right to seal."""
    with open_connection(warehouse_url, "recorder") as connection:
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
    """Write five runs; most are sealed at once, the others with a later one, and one entry comes late."""
    with psycopg.connect(url, autocommit=True) as owner, connect(url, "recorder") as closer:
        evidence = RandomEvidence(owner, seed)
        for number in range(RUNS):
            day = FIRST_DAY + timedelta(days=number)
            evidence.write_run(day)
            if number == RUNS - 1:
                evidence.hand_entry(FIRST_DAY, datetime.combine(day, time(16, 0), UTC))
            if evidence.random.random() < 0.7 or number == RUNS - 1:
                seal(closer)


def seal(connection: psycopg.Connection) -> None:
    """Seal all unsealed rows."""
    with sealing(connection):
        seal_days(connection)


@pytest.fixture(scope="session")
def built(
    postgres_server: Server, service_login: Login, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Closable]]:
    """A built warehouse that is only cloned: its database's name, and how to get at it."""
    name = f"{warehouse_template}_closable"
    marts = (*MARTS_OF_A_MONTH, *OF_A_PAGE)
    yield (
        name,
        build_closable(
            postgres_server, service_login, warehouse_template, name, evidence(), tmp_path_factory, marts=marts
        ),
    )
    postgres_server.drop_database(name)


def build_closable(
    server: Server,
    login: Login,
    template: str,
    name: str,
    evidence_of_month: Evidence,
    folders: pytest.TempPathFactory,
    *,
    marts: Sequence[str] = MARTS_OF_A_MONTH,
) -> Closable:
    """A new database of that name with the evidence in raw and these marts built from it."""
    server.ensure_database(name, owner=login.name, template=template)
    url = server.url(name, login.name, login.password)
    migrate.grant_database_rights(url)
    home = folders.mktemp("closable")
    warehouse = Warehouse(
        url,
        registry=home / "registry",
        state=home / "state",
        variables={"retention_as_of": DRAFTED_AT.isoformat()},
    )
    warehouse.load(evidence_of_month)
    warehouse.build("--select", *(f"+{mart}" for mart in marts), "--indirect-selection", "empty")
    return Closable(url, warehouse.registry, home / "state")


@pytest.fixture(scope="session")
def compiled(built: tuple[str, Closable]) -> list[Rule]:
    """The rules in force for every clone, compiled once: dbt takes seconds.

    They count as those of a release: only `test_release_rules.py` fails while a changed model's digest is not recorded.
    """
    _, original = built
    rules = rules_in_force(original.settings, original.url)
    digests = frozenset(f"{rule.kind} {rule.name} {rule.sha256}" for rule in rules)
    digests_of_releases()["of this test run"] = digests
    return rules


@pytest.fixture
def closable(
    postgres_server: Server, service_login: Login, built: tuple[str, Closable], tmp_path: Path
) -> Iterator[Closable]:
    """A clone of the built warehouse, of the test's own, with a registry of its own."""
    template, original = built
    name = f"social_metrics_close_{os.getpid()}_{next(_numbers)}"
    postgres_server.ensure_database(name, owner=service_login.name, template=template)
    url = postgres_server.url(name, service_login.name, service_login.password)
    migrate.grant_database_rights(url)
    shutil.copytree(original.registry, tmp_path / "registry")
    yield Closable(url, tmp_path / "registry", original.state)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def people(postgres_server: Server, service_login: Login) -> Iterator[dict[str, Login]]:
    """Maker, checker and approver with database logins of their own, in the group closer."""
    logins = {role: Login(f"{role}_{os.getpid()}", new_password()) for role in ("maker", "checker", "approver")}
    for login in logins.values():
        postgres_server.ensure_login(login.name, login.password)
        with postgres_server.admin() as admin:
            admin.execute(sql.SQL("grant social_metrics_closer to {}").format(sql.Identifier(login.name)))
    yield logins
    for login in logins.values():
        with postgres_server.admin() as admin:
            admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login.name)))


@pytest.fixture
def closed(closable: Closable, monkeypatch: pytest.MonkeyPatch, compiled: list[Rule]) -> Closable:
    """A warehouse with a drafted month."""
    for module in (closing, verification):
        monkeypatch.setattr(module, "rules_in_force", lambda *_: list(compiled))
    draft_close(closable.settings, closable.url, MONTH)
    return closable
