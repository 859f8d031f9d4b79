"""What a day costs as history grows: the real models on many accounts, built whole and then by one more day.

At each size raw is written for all days but the last and everything is built; then the last day arrives through the
loader's triggers and changes are built. Measured are seconds of the database's processors, which other work does
not lengthen, and the models' own seconds. Beside them `peers/whole_fact.sql` writes the narrowest fact with the
same growth and recency over the same counts: the least that the two facts by account can cost.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.many_accounts import LAST_DAY, ManyAccounts
from benchmarks.progress import report
from local_stack.databases import SERVICE_LOGIN, Login, ensure_service_login
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.secret_files import new_password
from social_metrics.transform.build_plan import CHANGES, EVERYTHING, MartBuild
from social_metrics.transform.run import build_environment
from social_metrics.warehouse import migrate
from tests.support.dbt_runner import Warehouse, failures

FACTS = ("fct_follower_growth_daily", "fct_posting_recency_daily")
WHOLE_FACT = Path(__file__).parent / "peers" / "whole_fact.sql"
LONGEST = 8


@dataclass(frozen=True)
class Node:
    """The time of a model; `is_whole` when every build makes it anew."""

    name: str
    seconds: float
    is_whole: bool


@dataclass(frozen=True)
class Build:
    """Seconds of the database's processors, and the models."""

    planned: MartBuild
    processor: float
    models: tuple[Node, ...]

    @property
    def longest(self) -> str:
        """The models that took longest; a star marks what is made anew every time."""
        ordered = sorted(self.models, key=lambda model: -model.seconds)[:LONGEST]
        return ", ".join(f"{model.name}{'*' if model.is_whole else ''} {model.seconds:.1f}" for model in ordered)


@dataclass(frozen=True)
class Measured:
    """One size, built whole and by a day."""

    size: ManyAccounts
    rows: int
    megabytes: int
    full: Build
    day: Build
    facts: float  # seconds of the processors for the two facts by account, whole
    narrow: float  # the same for peers/whole_fact.sql


class BenchWarehouse(Warehouse):
    """A warehouse on a server of its own, whose processor time can be measured."""

    administrator: str
    server: int

    def processor_seconds(self) -> float:
        """What the server's ended processes have used, in seconds."""
        fields = Path(f"/proc/{self.server}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def bench_warehouse() -> Iterator[BenchWarehouse]:
    """A migrated warehouse without evidence; it is gone after the block."""
    with TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        try:
            there = server.start()
            with there.admin() as connection:
                # What autovacuum does meanwhile would be counted as the build's; a build counts its own tables.
                connection.execute("alter system set autovacuum = off")
                connection.execute("alter system set max_wal_size = '8GB'")
                connection.execute("select pg_reload_conf()")
            login = Login(SERVICE_LOGIN, new_password())
            ensure_service_login(there, login)
            there.ensure_database("warehouse", owner=login.name)
            url = there.url("warehouse", login.name, login.password)
            migrate.upgrade(url)
            warehouse = BenchWarehouse(url, registry=Path(folder) / "registry", state=Path(folder) / "state")
            warehouse.administrator = there.url("warehouse")
            pid_file = Path(folder) / "postgres" / "data" / "postmaster.pid"
            warehouse.server = int(pid_file.read_text(encoding="utf-8").split()[0])
            yield warehouse
        finally:
            server.stop()


def build(warehouse: BenchWarehouse, day: date, scope: str) -> Build:
    """Plan, build and record one build through a day.

    Args:
        warehouse: with its evidence.
        day: last WIB date of the facts.
        scope: what the plan has to decide: a bench that measures something else is red.
    """
    before = warehouse.processor_seconds()
    planned = warehouse.plan(day, datetime(day.year, day.month, day.day, 23, tzinfo=UTC))
    assert planned.scope == scope, planned.reason
    result = warehouse.build_planned(planned)
    models = tuple(
        Node(run.node.name, run.execution_time, run.node.config.materialized == "table")
        for run in result.result
        if run.node.resource_type == "model"
    )
    return Build(planned, warehouse.processor_seconds() - before, models)


def build_size(warehouse: BenchWarehouse, size: ManyAccounts) -> tuple[Build, Build]:
    """Write a size's evidence; build everything through the last day but one, then the last day."""
    size.write_registry(warehouse.registry)
    size.write_history(warehouse.administrator)
    full = build(warehouse, LAST_DAY - timedelta(days=1), EVERYTHING)
    with psycopg.connect(warehouse.administrator, autocommit=True) as connection:
        connection.execute("vacuum")  # as after a night
    size.write_last_day(warehouse.url)
    return full, build(warehouse, LAST_DAY, CHANGES)


def measure(size: ManyAccounts) -> Measured:
    """Build a size, and the narrowest fact beside it."""
    with bench_warehouse() as warehouse:
        full, day = build_size(warehouse, size)
        facts, narrow = _facts(warehouse, full), _narrow(warehouse)
        with psycopg.connect(warehouse.administrator) as connection:
            rows, bytes_ = next(
                iter(
                    connection.execute(
                        "select (select count(*) from marts.fct_follower_growth_daily), "
                        "pg_database_size(current_database())"
                    )
                )
            )
    return Measured(size, rows, bytes_ // 1_000_000, full, day, facts, narrow)


def _facts(warehouse: BenchWarehouse, full: Build) -> float:
    before = warehouse.processor_seconds()
    result = warehouse.dbt("run", "--select", *FACTS, environment=build_environment(full.planned))
    assert result.success, failures(result)
    return warehouse.processor_seconds() - before


def _narrow(warehouse: BenchWarehouse) -> float:
    prepared, measured = WHOLE_FACT.read_text(encoding="utf-8").split("-- measured from here\n")
    seconds = []
    for script in (prepared, measured):
        before = warehouse.processor_seconds()
        with psycopg.connect(warehouse.administrator, autocommit=True) as connection:
            for statement in script.split(";\n"):
                connection.execute(statement.encode())
        seconds.append(warehouse.processor_seconds() - before)
    return seconds[-1]


def table_of(sizes: list[ManyAccounts]) -> list[str]:
    """Measure each size, smallest first; the page's table and what took longest."""
    lines = [
        "| accounts × days | fact rows | everything, CPU s | a day, CPU s | everything ÷ day | day ÷ smallest day "
        "| the two facts, CPU s | ÷ narrowest fact | warehouse, MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    notes = []
    smallest: Measured | None = None
    for size in sizes:
        report(f"build {size.accounts:,} accounts × {size.days} days, then one day more")
        found = measure(size)
        smallest = smallest or found
        lines.append(
            f"| {size.accounts:,} × {size.days} | {found.rows:,} | {found.full.processor:.1f} "
            f"| {found.day.processor:.1f} | {found.full.processor / found.day.processor:.1f} "
            f"| {found.day.processor / smallest.day.processor:.2f} | {found.facts:.1f} "
            f"| {found.facts / found.narrow:.1f} | {found.megabytes:,} |"
        )
        print(lines[-1], flush=True)
        notes = [
            "",
            f"Longest of everything at {found.rows:,} rows, seconds: {found.full.longest}.",
            f"Longest of a day: {found.day.longest} (* made anew every day).",
        ]
    return [*lines, *notes]


def sizes_of(text: str) -> list[ManyAccounts]:
    """Sizes as they are asked for: `2000x60,2000x500` is accounts × days, twice."""
    return [ManyAccounts(*map(int, size.split("x"))) for size in text.split(",")]
