"""Built night by night, with late, early and repeated data, the marts are those of one full rebuild, row for row."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import psycopg
import pytest
from psycopg import sql

from social_metrics.transform.build_plan import CHANGES, EVERYTHING, MartBuild, record_layer
from social_metrics.transform.run import LAYERS, build_environment
from social_metrics.warehouse.connect import connect
from tests.dbt.reference.histories import evidence_of
from tests.dbt.reference.nights import Night, arrive, nights_of
from tests.support.dbt_runner import Warehouse, failures
from tests.support.factories import Evidence, at, write_registry

FIRST_DAY = date(2025, 11, 17)
DAYS_BEFORE = 35  # in the first build: so that baselines of 30 days, retention and month's edges lie on both sides
NIGHTS = int(os.environ.get("SOCIAL_METRICS_TEST_NIGHTS", "14"))  # past the end of a year; a full run says 120
COMPARED_EVERY = 20
SEED = int(os.environ.get("SOCIAL_METRICS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
ACCOUNTS = 40

# What the facts of a day stand on; the rest is built before it is compared.
EVERY_NIGHT = (
    *("stg_social__profile_snapshots", "stg_social__posts"),  # their views hold the instant of retention
    "config.materialized:incremental",
    *("int_dates__reporting", "int_accounts__to_rebuild", "int_centers__to_rebuild", "int_posts__to_rebuild"),
    *("int_revisions__to_rebuild", "int_dates__working"),
    *("int_accounts__handovers", "int_posts__of_other_code"),
)

Make = Callable[[Evidence], Warehouse]


@pytest.mark.slow
def test_night_by_night_equals_one_full_build(make_warehouse: Make) -> None:
    print(f"SOCIAL_METRICS_TEST_SEED={SEED}")
    days = [FIRST_DAY + timedelta(days=n) for n in range(DAYS_BEFORE + NIGHTS)]
    seeds = random.Random(SEED).sample(range(2**32), ACCOUNTS)
    evidence = evidence_of(seeds, days)
    nights = nights_of(evidence, days, days[DAYS_BEFORE - 1], SEED)
    warehouse = make_warehouse(Evidence(platforms=evidence.platforms, centers=evidence.centers))
    warehouse.variables = {}  # each build is told by its plan
    write_registry(evidence, warehouse.registry)

    scopes = []
    for number, (day, night) in enumerate(sorted(nights.items())):
        is_compared = number == len(nights) - 1 or (number and number % COMPARED_EVERY == 0)
        corrected = _correct_registry(warehouse, evidence, night)
        with _arriving(warehouse, night, commits_late=number % 7 == 2 and not is_compared):
            build = warehouse.plan(day, at(day, 23))
            assert build.scope == (EVERYTHING if corrected or number == 0 else CHANGES), build.reason
            scopes.append(build.scope)
            if number % 6 == 3 and build.scope == CHANGES and not is_compared:
                _build(warehouse, build, *EVERY_NIGHT, "--exclude", "path:models/marts", is_killed=True)
            else:
                _build(warehouse, build, *(() if is_compared or build.scope == EVERYTHING else EVERY_NIGHT))
        if is_compared:
            _keep(warehouse)
            _build(warehouse, warehouse.plan(day, at(day, 23), everything=True))
            found = _differences(warehouse)
            assert not found, f"seed {SEED}, built through {day}:\n" + "\n".join(found)
    assert scopes.count(CHANGES) >= NIGHTS - 3


def _correct_registry(warehouse: Warehouse, evidence: Evidence, night: Night) -> bool:
    if night.accounts is None or night.centers is None:
        return False
    evidence.accounts, evidence.centers = night.accounts, night.centers
    write_registry(evidence, warehouse.registry)
    return True


@contextmanager
def _arriving(warehouse: Warehouse, night: Night, *, commits_late: bool) -> Iterator[None]:
    """The night's evidence is there for the block; late, it is loaded before and committed after it."""
    with psycopg.connect(warehouse.url) as connection:
        arrive(connection, night)
        if not commits_late:
            connection.commit()
        yield


def _build(warehouse: Warehouse, build: MartBuild, *selected: str, is_killed: bool = False) -> None:
    """Build what is selected, or all; killed, it ends before anything is noted as done."""
    command = ("build", "--exclude", "test_type:data", "test_type:unit") if build.scope == EVERYTHING else ("run",)
    result = warehouse.dbt(
        *command, *(("--select", *selected) if selected else ()), environment=build_environment(build)
    )
    assert result.success, failures(result)
    if is_killed:
        return
    with connect(warehouse.url, "transformer") as connection:
        for layer in LAYERS:
            record_layer(connection, build, layer, LAYERS)


def _relations(connection: psycopg.Connection, schemas: tuple[str, ...]) -> list[tuple[str, str]]:
    """Tables of marts and of what they stand on; what a build is to touch is its own affair."""
    found = connection.execute(
        "select schemaname, tablename from pg_tables "
        "where schemaname = any(%s) and tablename not like '%%\\_\\_to\\_rebuild' order by 1, 2",
        (list(schemas),),
    ).fetchall()
    assert found
    return found


def _keep(warehouse: Warehouse) -> None:
    """Copy what the nights have built."""
    with psycopg.connect(warehouse.url) as connection:
        for schema in ("intermediate", "marts"):
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(f"kept_{schema}")))
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(f"kept_{schema}")))
        connection.execute("set role social_metrics_transformer")
        names = _relations(connection, ("intermediate", "marts"))
        connection.execute("reset role")
        for schema, name in names:
            connection.execute(
                sql.SQL("create table {} as table {}").format(
                    sql.Identifier(f"kept_{schema}", name), sql.Identifier(schema, name)
                )
            )


def _differences(warehouse: Warehouse) -> list[str]:
    found = []
    with psycopg.connect(warehouse.url) as connection:
        names = _relations(connection, ("intermediate", "marts"))
        assert {name for _, name in names} >= {"fct_follower_growth_daily", "leaderboard_recency"}
        for schema, name in names:
            kept, full = sql.Identifier(f"kept_{schema}", name), sql.Identifier(schema, name)
            for label, one, other in (("only night by night", kept, full), ("only in the full build", full, kept)):
                rows = connection.execute(
                    sql.SQL("select to_jsonb(d) from (table {} except all table {}) as d").format(one, other)
                ).fetchall()
                if rows:
                    found.append(f"{schema}.{name}: {len(rows)} rows {label}, such as {rows[0][0]}")
    return found
