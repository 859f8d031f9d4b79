"""The same marts by two engines, row for row, though a worker dies by kill -9; and published back, all or nothing.

The evidence: random histories (tests/dbt/reference/histories.py) with words, tags, campaigns and hand entries, and runs
against the simulator, captured as the demo does.
"""

import os
import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from cryptography.fernet import Fernet
from psycopg import sql
from upath import UPath

from local_stack.history import load_history
from social_metrics.registry.registry import load_registry
from social_metrics.settings import Settings, load_settings
from social_metrics.transform.lake.landing import land
from social_metrics.transform.lake.publishing import publish_marts
from social_metrics.transform.lake.spark import SparkBuild, SparkBuildFailed, build_on_spark, discard
from social_metrics.transform.run import run_transform
from tests.dbt.reference.captions import caption_history, write_caption_history
from tests.dbt.reference.histories import RETENTION_AS_OF
from tests.e2e.scale.spark_cluster import WORKERS, SparkCluster, running_cluster
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence
from tests.support.simulator import CREDENTIALS, running_simulator

SEED = int(os.environ.get("SOCIAL_METRICS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
ACCOUNTS = 40
DEMO_DAYS = 35  # a month's edge and a window of 30 days
LAST_EVENING = date(2026, 11, 24)
TABLES_BEFORE_THE_KILL = 12
SERVICE_AREAS = "center-01,Kota Palu,ID-ST,2025-01-01,,GK,test\ncenter-02,,ID-SN,,2025-12-31,GK,test\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[Evidence], Warehouse]) -> Warehouse:
    """Random histories, built by PostgreSQL."""
    print(f"SOCIAL_METRICS_TEST_SEED={SEED}")
    captions = caption_history(random.Random(SEED).sample(range(2**32), ACCOUNTS))
    made = make_warehouse(captions.evidence)
    write_caption_history(captions, made.url)
    with (made.registry / "service_areas.csv").open("a", encoding="utf-8") as file:
        file.write(SERVICE_AREAS)
    made.build()
    return made


@pytest.fixture(scope="module")
def built(
    warehouse: Warehouse, cluster: SparkCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SparkBuild]:
    """The same by Spark; the first worker and its executor are killed while models are built."""
    settings = Settings(
        registry_dir=warehouse.registry,
        state_dir=tmp_path_factory.mktemp("state"),
        spark_master=cluster.master,
        spark_shuffle_partitions=4,
    )
    lake = UPath(tmp_path_factory.mktemp("lake"))
    land(warehouse.url, lake, RETENTION_AS_OF)
    is_over = threading.Event()
    killer = threading.Thread(target=_kill_in_mid_build, args=(cluster, lake, is_over))
    killer.start()
    try:
        build = build_on_spark(settings, lake, as_of=RETENTION_AS_OF, selected=("--exclude", "test_type:data"))
    finally:
        is_over.set()
        killer.join()
    assert cluster.processes[WORKERS[0]].poll() is not None, "the build was over before a worker was killed in it"
    yield build
    discard(build)


def _kill_in_mid_build(cluster: SparkCluster, lake: UPath, is_over: threading.Event) -> None:
    while not is_over.wait(0.1):
        tables = len(list(lake.glob("builds/*/intermediate.db/*")))
        executors = cluster.executors(WORKERS[0])
        if tables >= TABLES_BEFORE_THE_KILL and executors:
            print(f"{WORKERS[0]} killed with its {len(executors)} executor, {tables} tables after the first")
            cluster.kill(WORKERS[0])
            return


def in_postgres(url: str) -> dict[str, tuple[list[str], Counter[tuple[Any, ...]]]]:
    """Mart → its columns and rows."""
    found = {}
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute("set role social_metrics_transformer")
        marts = connection.execute("select tablename from pg_tables where schemaname = 'marts' order by 1").fetchall()
        for (mart,) in marts:
            cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier("marts", mart)))
            columns = [column.name for column in cursor.description or ()]
            found[mart] = columns, Counter(tuple(map(_plain, row)) for row in cursor)
    return found


def on_spark(build: SparkBuild, mart: str, columns: list[str]) -> Counter[tuple[Any, ...]]:
    """The rows of a mart as Spark has written them."""
    rows: Counter[tuple[Any, ...]] = Counter()
    for part in build.table("marts", mart).glob("*.parquet"):
        table = pq.read_table(part.open("rb"))
        assert sorted(table.column_names) == sorted(columns), mart
        rows.update(tuple(map(_plain, row)) for row in zip(*(table[name].to_pylist() for name in columns), strict=True))
    return rows


def _plain(value: Any) -> Any:
    """One form for what both engines mean: an instant in UTC, a decimal without its trailing zeros. Nothing else."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    return value.normalize() if isinstance(value, Decimal) else value


def differences(url: str, build: SparkBuild) -> list[str]:
    """Marts that are not the same, with a row of each side; an empty one counts."""
    found = []
    for mart, (columns, rows) in in_postgres(url).items():
        others = on_spark(build, mart, columns)
        print(f"{mart}: {rows.total()} rows, {others.total()} on Spark")
        if not rows or not others:
            found.append(f"{mart} is empty: {rows.total()} rows, {others.total()} on Spark")
        for side, surplus in (("PostgreSQL", rows - others), ("Spark", others - rows)):
            if surplus:
                row = dict(zip(columns, min(surplus, key=str), strict=True))
                found.append(f"{mart}: {surplus.total()} rows of {side} alone, such as {row}")
    return found


def test_marts_of_random_histories_are_equal_though_a_worker_dies(warehouse: Warehouse, built: SparkBuild) -> None:
    assert differences(warehouse.url, built) == []


def test_published_marts_are_those_of_before_with_their_grants_and_policies(
    warehouse: Warehouse, built: SparkBuild
) -> None:
    before, rights = in_postgres(warehouse.url), _rights(warehouse.url)
    assert len(before) == len(rights["policies"]) > 20
    with psycopg.connect(warehouse.url) as connection:
        connection.execute("set role social_metrics_transformer")
        connection.execute("delete from marts.fct_posts")
        connection.execute("update marts.fct_center_daily set accounts_expected = -1")
    counts = publish_marts(warehouse.url, built)
    assert in_postgres(warehouse.url) == before
    assert counts == {mart: rows.total() for mart, (_, rows) in before.items()}
    assert _rights(warehouse.url) == rights


def test_a_mart_that_a_contract_refuses_leaves_all_as_they_were(warehouse: Warehouse, built: SparkBuild) -> None:
    before = in_postgres(warehouse.url)
    with psycopg.connect(warehouse.url) as connection:
        connection.execute("set role social_metrics_transformer")
        connection.execute("delete from marts.dim_accounts")  # so that a publication would show
        connection.execute(
            "alter table marts.leaderboard_recency add constraint no_row check (date_day is null) not valid"
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        publish_marts(warehouse.url, built)
    with psycopg.connect(warehouse.url) as connection:
        connection.execute("set role social_metrics_transformer")
        connection.execute("alter table marts.leaderboard_recency drop constraint no_row")
    after = in_postgres(warehouse.url)
    assert after.pop("dim_accounts")[1].total() == 0
    before.pop("dim_accounts")
    assert after == before


def test_a_cell_that_spark_cannot_read_fails_and_is_no_null(
    warehouse: Warehouse, built: SparkBuild, tmp_path: Path
) -> None:
    """Seen with the simulator's campaigns: Spark made NULL of an instant without seconds, and a data test saw it."""
    registry = Path(shutil.copytree(warehouse.registry, tmp_path / "registry"))
    with (registry / "service_areas.csv").open("a", encoding="utf-8") as file:
        file.write("center-03,,ID-SN,2025-13-01,,GK,test\n")
    settings = Settings(registry_dir=registry, state_dir=tmp_path / "state", spark_master="local[1]")
    with pytest.raises(SparkBuildFailed, match="valid_from: 2025-13-01 is no date"):
        build_on_spark(
            settings, UPath(tmp_path / "lake"), as_of=RETENTION_AS_OF, selected=("--select", "service_areas")
        )


def _rights(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(url) as connection:
        return {
            "grants": connection.execute(
                "select relname, relacl::text, relrowsecurity from pg_class "
                "where relnamespace = 'marts'::regnamespace and relkind = 'r' order by 1"
            ).fetchall(),
            "policies": connection.execute(
                "select tablename, array_agg(policyname || roles::text || qual order by policyname) from pg_policies "
                "where schemaname = 'marts' group by 1 order by 1"
            ).fetchall(),
        }


def test_marts_of_evenings_that_were_captured_are_equal(
    cluster: SparkCluster, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the demo: captured over HTTP, tagged, built by the transform; on whatever workers are left."""
    first = LAST_EVENING - timedelta(days=DEMO_DAYS - 1)
    begins = datetime(first.year, first.month, first.day, 13, tzinfo=UTC)
    with running_simulator(tmp_path, begins) as simulator:
        for platform in CREDENTIALS:
            monkeypatch.setenv(*simulator.connection_variable(platform))
        monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(simulator.registry_dir))
        monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.setenv("SOCIAL_METRICS_CREDENTIALS_KEY", Fernet.generate_key().decode())
        monkeypatch.setenv("SOCIAL_METRICS_SPARK_MASTER", cluster.master)
        monkeypatch.setenv("SOCIAL_METRICS_SPARK_SHUFFLE_PARTITIONS", "4")
        settings = load_settings()
        load_history(
            simulator.base_url,
            first,
            LAST_EVENING,
            registry=load_registry(settings.registry_dir),
            settings=settings,
            warehouse_url=warehouse_url,
        )
        as_of = datetime(2026, 11, 24, 16, tzinfo=UTC)
        run_transform(settings, warehouse_url, through_date=LAST_EVENING, retention_as_of=as_of)
        lake = UPath(tmp_path / "lake")
        land(warehouse_url, lake, as_of)
        build = build_on_spark(settings, lake, as_of=as_of, through_date=LAST_EVENING)
        assert differences(warehouse_url, build) == []
