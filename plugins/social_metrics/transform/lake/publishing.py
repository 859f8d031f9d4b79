"""Publishes marts from Spark in PostgreSQL, which has their contracts, grants and row policies.

Rows are loaded into temporary tables and swapped in one transaction: a reader sees all old or all new marts, and a row
that a contract rejects leaves everything unchanged.
"""

import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow.parquet as pq
from psycopg import sql
from upath import UPath

from social_metrics.errors import UsageProblem
from social_metrics.transform.lake.spark import SparkBuild
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.locks import marts_lock

SCHEMA = "marts"

logger = logging.getLogger(__name__)


def publish_marts(url: str, build: SparkBuild) -> dict[str, int]:
    """Replace the rows of every mart with those of a build on Spark.

    Returns:
        Mart → number of its rows.

    Raises:
        UsageProblem: PostgreSQL has no marts yet, or the build lacks a mart.
    """
    with marts_lock(url, "transformer"), connect(url, "transformer") as connection:
        marts = _marts(connection)
        if not marts:
            raise UsageProblem(
                "PostgreSQL has no marts yet. Run `social-metrics transform` first: it creates the tables with their "
                "contracts, grants and row policies."
            )
        counts = {mart: _load_temporary(connection, mart, build) for mart in marts}
        for mart in marts:
            target, temporary = sql.Identifier(SCHEMA, mart), _temporary(mart)
            connection.execute(sql.SQL("truncate {}").format(target))
            connection.execute(sql.SQL("insert into {} select * from {}").format(target, temporary))
            connection.execute(sql.SQL("drop table {}").format(temporary))
            connection.execute(sql.SQL("analyze {}").format(target))
    logger.info("Published %d marts with %d rows", len(counts), sum(counts.values()))
    return counts


def _marts(connection: psycopg.Connection) -> list[str]:
    found = connection.execute("select tablename from pg_tables where schemaname = %s order by 1", (SCHEMA,))
    return [name for (name,) in found]


def _temporary(mart: str) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"from_spark_{mart}")


def _load_temporary(connection: psycopg.Connection, mart: str, build: SparkBuild) -> int:
    files = _parts(build.table(SCHEMA, mart))
    target = sql.Identifier(SCHEMA, mart)
    connection.execute(
        sql.SQL("create temporary table {} (like {})").format(sql.Identifier(f"from_spark_{mart}"), target)
    )
    columns = [
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped "
            "order by attnum",
            (target.as_string(connection),),
        )
    ]
    copy_into = sql.SQL("copy {} ({}) from stdin").format(
        _temporary(mart), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    number = 0
    with connection.cursor() as cursor, cursor.copy(copy_into) as copy:
        for row in _rows(files, columns):
            copy.write_row(row)
            number += 1
    return number


def _parts(folder: UPath) -> list[UPath]:
    if not folder.exists():
        raise UsageProblem(f"The build has no {folder}. Nothing was published.")
    return sorted((path for path in folder.iterdir() if path.name.endswith(".parquet")), key=lambda path: path.name)


def _rows(files: list[UPath], columns: list[str]) -> Iterator[tuple[Any, ...]]:
    for path in files:
        with path.open("rb") as file:
            parquet = pq.ParquetFile(file)
            if missing := set(columns) - set(parquet.schema_arrow.names):
                raise UsageProblem(f"{path} lacks {', '.join(sorted(missing))}. Nothing was published.")
            for batch in parquet.iter_batches(columns=columns):
                yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
