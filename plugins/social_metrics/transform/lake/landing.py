"""Lands raw as Parquet: `<lake>/<schema.table>/wib_date=…/part.parquet`, one file per WIB date.

A partition is replaced as a whole when its rows differ from the landed ones, so landing is idempotent. The row count
and a hash of each day are compared, which finds late commits, emptied rows and expired counts alike. Expired counts
land as NULL, and their day lands again without them. Leftovers of a failed build are deleted.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from upath import UPath

from social_metrics.transform.lake.tables import TABLES, LandedColumns, LandedTable
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.locks import lake_lock

PART = "part.parquet"
STATE = "landed.json"
BUILDS = "builds"
"""Folder of the lake with the tables of each build on Spark, until they are published."""

_ROWS: LiteralString = "select {dated} as wib_date, {columns} from {table}"

_DAYS: LiteralString = """
select wib_date, count(*), bit_xor(hashtextextended(landed::text, 0))
from (select {dated} as wib_date, row({columns}) as landed from {table}) as rows
where wib_date is not null
group by wib_date
"""

logger = logging.getLogger(__name__)


@dataclass
class Landing:
    """Result of one landing."""

    as_of: datetime
    written: dict[str, list[date]] = field(default_factory=dict)  # table → written WIB dates
    removed: dict[str, list[date]] = field(default_factory=dict)  # dates without any row left
    rows: int = 0


def land(url: str, lake: UPath, as_of: datetime) -> Landing:
    """Update the lake to the state of the warehouse, all tables as of one instant.

    Args:
        url: postgresql://… of the service login.
        lake: folder or object store; created when missing.
        as_of: aware instant at which retention is judged.

    Raises:
        WarehouseProblem: the warehouse cannot be used.
        OSError: the lake cannot be written.
    """
    landing = Landing(as_of)
    with lake_lock(url), connect(url, "transformer") as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        if (lake / BUILDS).exists():  # of a failed build: a running one would hold the lock
            remove(lake / BUILDS)
        before = _state(lake)
        state: dict[str, Any] = {}
        for table in TABLES:
            columns = LandedColumns.of(connection, table)
            days = _days(connection, columns, as_of)
            known = before.get(table.name, {})
            landed = known.get("days", {}) if known.get("columns") == columns.for_spark() else {}
            changed = sorted(day for day, mark in days.items() if landed.get(day.isoformat()) != mark)
            gone = sorted(
                date.fromisoformat(day) for day in known.get("days", {}) if date.fromisoformat(day) not in days
            )
            _write_text(lake / "columns" / f"{table.name}.txt", columns.for_spark())
            (lake / table.name).mkdir(parents=True, exist_ok=True)
            for day, rows in _rows(connection, columns, as_of, changed):
                _write_rows(_part(lake, table, day), columns.arrow_schema(), rows)
                landing.rows += len(rows)
            for day in gone:
                _part(lake, table, day).unlink(missing_ok=True)
            landing.written[table.name], landing.removed[table.name] = changed, gone
            state[table.name] = {
                "columns": columns.for_spark(),
                "days": {day.isoformat(): mark for day, mark in sorted(days.items())},
            }
            logger.info("%s: %d dates written, %d removed", table.name, len(changed), len(gone))
        _write_text(lake / STATE, json.dumps(state, indent=1))  # last, so that a failed landing is repeated
    return landing


def remove(folder: UPath) -> None:
    """Delete a folder of the lake with its contents."""
    folder.fs.rm(folder.path, recursive=True)


def _state(lake: UPath) -> dict[str, Any]:
    file = lake / STATE
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _part(lake: UPath, table: LandedTable, day: date) -> UPath:
    return lake / table.name / f"wib_date={day.isoformat()}" / PART


def _query(template: LiteralString, columns: LandedColumns) -> sql.Composed:
    table = columns.table
    return sql.SQL(template).format(
        dated=sql.SQL(table.dated),
        columns=sql.SQL(columns.expressions()),
        table=sql.Identifier(*table.name.split(".")),
    )


def _days(connection: psycopg.Connection, columns: LandedColumns, as_of: datetime) -> dict[date, str]:
    """WIB date → row count and hash of its rows in the lake."""
    found = connection.execute(_query(_DAYS, columns), {"as_of": as_of})
    return {day: f"{number}:{mark}" for day, number, mark in found}


def _rows(
    connection: psycopg.Connection, columns: LandedColumns, as_of: datetime, days: list[date]
) -> Iterator[tuple[date, list[tuple[Any, ...]]]]:
    """The rows of these dates, one date in memory at a time."""
    if not days:
        return
    query = sql.SQL("{rows} where {dated} = any(%(days)s) order by 1, {key}").format(
        rows=_query(_ROWS, columns), dated=sql.SQL(columns.table.dated), key=sql.SQL(columns.table.key)
    )
    with connection.cursor(name="landing") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query, {"as_of": as_of, "days": days})
        for day, rows in groupby(cursor, key=lambda row: row[0]):
            yield day, [row[1:] for row in rows]


def _write_rows(part: UPath, schema: pa.Schema, rows: list[tuple[Any, ...]]) -> None:
    columns = [pa.array(values, type=kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)]
    content = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), content, compression="zstd")
    _write(part, content.getvalue().to_pybytes())


def _write_text(path: UPath, text: str) -> None:
    _write(path, text.encode())


def _write(path: UPath, content: bytes) -> None:
    """Replace a file atomically: a reader sees the old or the new file; an object appears when complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.protocol not in {"", "file"}:
        path.write_bytes(content)
        return
    new = Path(path.path).with_name(f".{path.name}.new")  # Spark ignores names with a dot
    new.write_bytes(content)
    new.replace(path.path)
