"""Writes the records of a batch into `raw`: all of them or none, without duplicates.

COPY into a temporary table, then insert new rows. A post is new only when its content, counts or presence differ from
its last observation, so reading it again adds no row.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, get_origin, get_type_hints

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from social_metrics.contract import (
    ApiResponse,
    CaptureOutcome,
    Post,
    PostCaption,
    ProfileSnapshot,
    ResponseBody,
    Spend,
)
from social_metrics.warehouse.connect import open_connection

# What makes an observation of a post a new row.
_POST_OBSERVED = (
    "published_at",
    "url",
    "post_type",
    "content_hash",
    "like_count",
    "comment_count",
    "share_count",
    "view_count",
    "presence",
)


# Many rows of a reply share them; formatting each separately takes a quarter of the time of COPY.
_SHARED_INSTANTS = ("captured_at", "received_at", "expires_at")


@dataclass
class BatchRecords:
    """Everything that one batch's capture writes, in the order of writing."""

    responses: list[ApiResponse] = field(default_factory=list)
    bodies: list[ResponseBody] = field(default_factory=list)
    snapshots: list[ProfileSnapshot] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    captions: list[PostCaption] = field(default_factory=list)
    outcomes: list[CaptureOutcome] = field(default_factory=list)
    spends: list[Spend] = field(default_factory=list)

    def instants(self) -> set[datetime]:
        """The distinct instants by which the rows are partitioned."""
        return (
            {record.received_at for record in self.responses}
            | {record.captured_at for record in self.snapshots}
            | {record.captured_at for record in self.posts}
            | {record.attempted_at for record in self.outcomes}
        )


def load(connection: psycopg.Connection, records: BatchRecords) -> dict[str, int]:
    """Write a batch in one transaction; the caller's `with connection` commits it.

    Returns:
        rows newly inserted by table name; loading the same records again gives zeros.

    Raises:
        psycopg.Error: the database rejected the batch; nothing of it is kept.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select ops.ensure_month_partitions(%s::timestamptz[])", (list(records.instants()),))
        return dict(
            (
                _insert_new(cursor, ApiResponse, records.responses),
                _insert_new(cursor, ResponseBody, records.bodies),
                _insert_new(cursor, ProfileSnapshot, records.snapshots),
                _insert_changed_posts(cursor, records.posts),
                _insert_new_captions(cursor, records.captions),
                _insert_new(cursor, CaptureOutcome, records.outcomes),
                _insert_new(cursor, Spend, records.spends),
            )
        )


def record_run(connection: psycopg.Connection, run_id: str, code_version: str, began_at: datetime) -> None:
    """Record the code version of a run's rows; the caller's `with connection` commits both."""
    connection.execute(
        "insert into raw.runs (run_id, code_version, began_at) values (%s, %s, %s) on conflict do nothing",
        (run_id, code_version, began_at),
    )


def _insert_new(cursor: psycopg.Cursor, record_type: type[Any], records: Sequence[Any]) -> tuple[str, int]:
    if not records:
        return record_type.table, 0
    staged, columns = _stage(cursor, record_type, records)
    cursor.execute(
        sql.SQL("insert into {table} ({columns}) select {columns} from {staged} on conflict do nothing").format(
            table=_table(record_type), columns=columns, staged=staged
        )
    )
    return record_type.table, cursor.rowcount


def _insert_changed_posts(cursor: psycopg.Cursor, posts: Sequence[Post]) -> tuple[str, int]:
    if not posts:
        return Post.table, 0
    staged, columns = _stage(cursor, Post, posts)
    observed = sql.SQL(", ").join(map(sql.Identifier, _POST_OBSERVED))
    cursor.execute(
        sql.SQL(
            """
            insert into raw.posts ({columns})
            select {incoming} from {staged} as incoming
            left join lateral (
                select {observed} from raw.posts as p
                where p.account_code = incoming.account_code and p.post_id = incoming.post_id
                    and p.captured_at <= incoming.captured_at
                order by p.captured_at desc, p.response_id desc
                limit 1
            ) as known on true
            where ({known}) is distinct from ({new})
            on conflict do nothing
            """
        ).format(
            columns=columns,
            incoming=_qualified("incoming", [column.name for column in fields(Post)]),
            staged=staged,
            observed=observed,
            known=_qualified("known", _POST_OBSERVED),
            new=_qualified("incoming", _POST_OBSERVED),
        )
    )
    return Post.table, cursor.rowcount


def _insert_new_captions(cursor: psycopg.Cursor, captions: Sequence[PostCaption]) -> tuple[str, int]:
    if not captions:
        return PostCaption.table, 0
    staged, columns = _stage(cursor, PostCaption, captions)
    cursor.execute(
        sql.SQL(
            """
            insert into raw.post_captions ({columns})
            select {columns} from {staged} as incoming
            where not exists (
                select from raw.post_captions as c
                where c.account_code = incoming.account_code and c.post_id = incoming.post_id
                    and c.content_hash = incoming.content_hash
            )
            on conflict do nothing
            """
        ).format(columns=columns, staged=staged)
    )
    return PostCaption.table, cursor.rowcount


def _stage(
    cursor: psycopg.Cursor, record_type: type[Any], records: Sequence[Any]
) -> tuple[sql.Composable, sql.Composable]:
    """COPY the records into a temporary table of the target's column types; return its name and the column list."""
    names = [column.name for column in fields(record_type)]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    staged = sql.Identifier("incoming_" + record_type.table.split(".")[1])
    cursor.execute(sql.SQL("drop table if exists {}").format(staged))
    cursor.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
            staged, columns, _table(record_type)
        )
    )
    convert = _converters(record_type)  # type: ignore[arg-type]
    # Column by column, so that the loops run in C; it is a fifth of the time of COPY.
    values = [map(attrgetter(name), records) for name in names]
    written = [
        map(convert[name], column) if name in convert else column for name, column in zip(names, values, strict=True)
    ]
    with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(staged, columns)) as copy:
        for row in zip(*written, strict=True):
            copy.write_row(row)
    return staged, columns


@cache
def _converters(record_type: type[Any]) -> dict[str, Callable[[Any], Any]]:
    """The columns whose values need a conversion: enums, JSON objects, and shared instants."""
    types = get_type_hints(record_type)
    convert: dict[str, Callable[[Any], Any]] = {}
    for column in fields(record_type):
        of = types[column.name]
        if isinstance(of, type) and issubclass(of, Enum):
            convert[column.name] = attrgetter("value")
        elif get_origin(of) is dict:
            convert[column.name] = Jsonb
        elif column.name in _SHARED_INSTANTS:
            convert[column.name] = _formatted
    return convert


@lru_cache(maxsize=1024)
def _formatted(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _table(record_type: type[Any]) -> sql.Composable:
    return sql.Identifier(*record_type.table.split("."))


def _qualified(alias: str, names: Sequence[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(alias, name) for name in names)


class SpendLedger:
    """Writes each cost immediately: a process that dies loses none."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = open_connection(url, "loader")
        self._lock = threading.Lock()

    def write(self, spend: Spend) -> None:
        """Insert and commit one row."""
        names = [column.name for column in fields(Spend)]
        statement = sql.SQL("insert into ops.spend_ledger ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(sql.Placeholder() * len(names))
        )
        with self._lock:
            if self._connection.broken:  # a lost connection does not end a long capture
                self._connection = open_connection(self._url, "loader")
            with self._connection.transaction():
                self._connection.execute(statement, [getattr(spend, name) for name in names])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
