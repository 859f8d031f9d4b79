"""What a day costs as history grows: `python -m tests.dbt.cost_of_a_day`, no test.

Random histories of as many accounts as the 31 centers have, built whole through their last day but one, then the last
day as one build of changes. It prints the table of dbt_project/README.md, and the models that took longest.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from social_metrics.stack.databases import SERVICE_LOGIN, Login, ensure_service_login
from social_metrics.stack.embedded_postgres import EmbeddedPostgres
from social_metrics.stack.secret_files import new_password
from social_metrics.transform import LAYERS, build_environment
from social_metrics.warehouse import migrate
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.mart_builds import CHANGES, EVERYTHING, fingerprint, plan_build, record_layer
from tests.dbt.evidence import Evidence, write_raw, write_registry
from tests.dbt.histories import evidence_of
from tests.dbt.oracle import wib
from tests.dbt.runner import Warehouse, failures

FIRST_DAY = date(2023, 1, 1)
SIZES = tuple(map(int, os.environ.get("SOCIAL_METRICS_BENCH_DAYS", "120,480").split(",")))
ACCOUNTS = 155


@dataclass(frozen=True)
class Model:
    """What a model took; `is_whole` when every build makes it anew."""

    name: str
    seconds: float
    is_whole: bool


def main() -> None:
    """Measure each size and print the table."""
    print("| days of history | everything, CPU s | a day, CPU s | of it rebuilt whole | accounts × days built anew |")
    print("|---|---|---|---|---|")
    for size in SIZES:
        with _warehouse() as (warehouse, server):
            days = [FIRST_DAY + timedelta(days=n) for n in range(size)]
            evidence = evidence_of(list(range(ACCOUNTS)), days)
            # As accounts whose owners have authorised us: no count expires, which would reopen its day of a month ago.
            evidence.snapshots = [replace(found, expires_at=None) for found in evidence.snapshots]
            warehouse.load(_until(evidence, days[-2]))
            whole, _ = _build(warehouse, server, days[-2], EVERYTHING)
            _arrive(warehouse, evidence, days[-1])
            day, models = _build(warehouse, server, days[-1], CHANGES)
            with psycopg.connect(warehouse.url) as connection:
                anew = connection.execute(
                    "select sum(%s::date - date_day + 1) from intermediate.int_accounts__reopened", (days[-1],)
                ).fetchone()
        share = sum(model.seconds for model in models if model.is_whole) / sum(model.seconds for model in models)
        print(f"| {size} | {whole:.1f} | {day:.1f} | {100 * share:.0f} % | {anew[0] if anew else None} |")
        longest = sorted(models, key=lambda model: -model.seconds)[:12]
        print("   longest:", ", ".join(f"{m.name} {m.seconds:.2f}{'*' if m.is_whole else ''}" for m in longest))


@contextmanager
def _warehouse() -> Iterator[tuple[Warehouse, int]]:
    with TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", durable=False)
        try:
            there = server.start()
            login = Login(SERVICE_LOGIN, new_password())
            ensure_service_login(there, login)
            there.ensure_database("warehouse", owner=login.name)
            url = there.url("warehouse", login.name, login.password)
            migrate.upgrade(url)
            process = int((Path(folder) / "postgres/data/postmaster.pid").read_text(encoding="utf-8").split()[0])
            yield Warehouse(url, registry=Path(folder) / "registry", state=Path(folder) / "state"), process
        finally:
            server.stop()


def _until(evidence: Evidence, day: date) -> Evidence:
    return replace(
        evidence,
        snapshots=[found for found in evidence.snapshots if wib(found.captured_at) <= day],
        posts=[found for found in evidence.posts if wib(found.captured_at) <= day],
        outcomes=[found for found in evidence.outcomes if wib(found.attempted_at) <= day],
        entries=[found for found in evidence.entries if wib(found[0].observed_at) <= day],
        confirmations=[found for found in evidence.confirmations if wib(found[1]) <= day],
    )


def _arrive(warehouse: Warehouse, evidence: Evidence, day: date) -> None:
    new = Evidence(
        snapshots=[found for found in evidence.snapshots if wib(found.captured_at) == day],
        posts=[found for found in evidence.posts if wib(found.captured_at) == day],
        outcomes=[found for found in evidence.outcomes if wib(found.attempted_at) == day],
    )
    write_raw(new, warehouse.url)
    write_registry(evidence, warehouse.registry)
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        connection.execute("analyze")


def _build(warehouse: Warehouse, server: int, day: date, scope: str) -> tuple[float, list[Model]]:
    """CPU seconds that the database spent on a build, and its models."""
    before = _cpu_seconds(server)
    with connect(warehouse.url, "transformer") as connection:
        build = plan_build(
            connection,
            fingerprint(warehouse.registry.glob("*.csv")),
            through_date=day,
            retention_as_of=datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
        )
    assert build.scope == scope, build.reason
    result = warehouse.dbt(
        "build", "--exclude-resource-type", "unit_test", "test", environment=build_environment(build)
    )
    assert result.success, failures(result)
    with connect(warehouse.url, "transformer") as connection:
        for layer in LAYERS:
            record_layer(connection, build, layer, list(LAYERS))
    models = [
        Model(run.node.name, run.execution_time, run.node.config.materialized == "table")
        for run in result.result
        if run.node.resource_type == "model"
    ]
    return _cpu_seconds(server) - before, models


def _cpu_seconds(server: int) -> float:
    """What the backends that have ended have used."""
    fields = Path(f"/proc/{server}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
