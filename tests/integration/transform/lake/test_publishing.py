"""Marts come back from Parquet all together or not at all; no Spark is needed to say so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from social_metrics.errors import UsageProblem
from social_metrics.transform.lake.publishing import publish_marts
from social_metrics.transform.lake.spark import SparkBuild, discard

READ_AT = datetime(2026, 11, 20, 13, 5, 0, 123456, tzinfo=UTC)
LOCAL = datetime(2026, 11, 20, 20, 5)  # noqa: DTZ001 -- a wall clock, as the marts show it
CENTERS = {"center_code": ["b", "a"], "share": [Decimal("0.2500"), None], "read_at": [READ_AT, None]}
POSTS = {"post_id": ["it's", "tab\there\n", None], "local": [LOCAL, None, None], "likes": [2**40, 0, None]}


@pytest.fixture
def marts(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse_url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("set role social_metrics_transformer")
        connection.execute(
            "create table marts.dim_centers (center_code text not null, share numeric, read_at timestamptz); "
            "create table marts.fct_posts (likes bigint, post_id text, local timestamp); "
            "grant select on marts.dim_centers to social_metrics_bi_reader; "
            "insert into marts.dim_centers values ('old'); insert into marts.fct_posts values (1, 'old', now())"
        )
        yield connection


def build_of(folder: Path, **tables: dict[str, list[Any]]) -> SparkBuild:
    """What Spark leaves behind: several parts, beside marks that are no data."""
    build = SparkBuild(UPath(folder), models=len(tables))
    for name, columns in tables.items():
        place = folder / "marts.db" / name
        place.mkdir(parents=True)
        (place / "_SUCCESS").touch()
        table = pa.table(columns)
        for number in range(table.num_rows):
            pq.write_table(table.slice(number, 1), place / f"part-{number}.parquet")
    return build


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def test_rows_are_replaced_and_rights_stay(warehouse_url: str, marts: psycopg.Connection, tmp_path: Path) -> None:
    build = build_of(tmp_path / "build", dim_centers=CENTERS, fct_posts=POSTS)
    rights = rows(marts, "select relacl::text from pg_class where relname = 'dim_centers'")
    assert publish_marts(warehouse_url, build) == {"dim_centers": 2, "fct_posts": 3}
    assert rows(marts, "select * from marts.dim_centers order by 1") == [
        ("a", None, None),
        ("b", Decimal("0.25"), READ_AT),
    ]
    assert rows(marts, "select post_id, local, likes from marts.fct_posts order by likes desc nulls last") == [
        ("it's", LOCAL, 2**40),
        ("tab\there\n", None, 0),
        (None, None, None),
    ]
    assert rows(marts, "select relacl::text from pg_class where relname = 'dim_centers'") == rights
    publish_marts(warehouse_url, build)
    assert rows(marts, "select count(*) from marts.fct_posts") == [(3,)], "again doubles nothing"
    discard(build)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("fault", ["a row that the contract refuses", "a mart that is not there", "a column too few"])
def test_a_build_with_a_fault_changes_nothing(
    warehouse_url: str, marts: psycopg.Connection, tmp_path: Path, fault: str
) -> None:
    tables: dict[str, dict[str, list[Any]]] = {"dim_centers": CENTERS, "fct_posts": POSTS}
    if fault == "a row that the contract refuses":
        tables["dim_centers"] = {**CENTERS, "center_code": ["b", None]}
    elif fault == "a mart that is not there":
        del tables["fct_posts"]
    else:
        tables["fct_posts"] = {name: POSTS[name] for name in ("post_id", "likes")}
    with pytest.raises((psycopg.errors.NotNullViolation, UsageProblem)):
        publish_marts(warehouse_url, build_of(tmp_path, **tables))
    assert rows(marts, "select center_code from marts.dim_centers") == [("old",)]
    assert rows(marts, "select post_id from marts.fct_posts") == [("old",)]


def test_without_marts_it_says_what_makes_them(warehouse_url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="social-metrics transform"):
        publish_marts(warehouse_url, build_of(tmp_path, dim_centers=CENTERS))
