"""What every peer writes: channels by day and posts; evidence and outcomes are ours alone."""

import os
from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

API = os.environ["API"]
DAY = date.fromisoformat(os.environ["DAY_DATE"])
IDS = [f"UC{number:022d}" for number in range(int(os.environ["CHANNELS"]))]
IN_FLIGHT = int(os.environ.get("CONC", "32"))
TABLES = """
    create table if not exists channel_daily (channel_id text, date_day date, title text, subscribers bigint,
        views bigint, videos bigint, primary key (channel_id, date_day));
    create table if not exists posts (video_id text primary key, channel_id text, title text, description text,
        published_at timestamptz, position integer);
"""


def open_tables() -> psycopg.Connection:
    """The database, with the tables."""
    connection = psycopg.connect(os.environ["DSN"])
    connection.execute(TABLES)
    return connection


def videos_before(connection: psycopg.Connection) -> dict[str, int]:
    """Channel → its number of videos on the day before; empty unless SKIP=1."""
    if os.environ.get("SKIP") != "1":
        return {}
    rows = connection.execute("select channel_id, videos from channel_daily where date_day = %s - 1", (DAY,))
    return dict(rows.fetchall())


def channel_row(channel: dict[str, Any]) -> tuple[Any, ...]:
    """A row of channel_daily."""
    counts = channel["statistics"]
    title = channel["snippet"]["title"]
    return (
        channel["id"], DAY, title, int(counts["subscriberCount"]), int(counts["viewCount"]), int(counts["videoCount"]),
    )  # fmt: skip


def post_rows(page: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows of posts."""
    return [
        (
            item["contentDetails"]["videoId"], item["snippet"]["channelId"], item["snippet"]["title"],
            item["snippet"]["description"], item["contentDetails"]["videoPublishedAt"], item["snippet"]["position"],
        )
        for item in page["items"]
    ]  # fmt: skip


def write(connection: psycopg.Connection, table: str, key: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """COPY, then insert what is new and update what has changed; the caller commits."""
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table new_rows (like {table}) on commit drop".encode())
        with cursor.copy("copy new_rows from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0", (table,))
        columns = [name for (name,) in cursor.fetchall()]
        kept = [name for name in columns if name not in key.split(", ")]
        changes = ", ".join(f"{name} = excluded.{name}" for name in kept)
        differs = f"({', '.join(f'{table}.{name}' for name in kept)}) is distinct from " + (
            f"({', '.join(f'excluded.{name}' for name in kept)})"
        )
        upsert = (
            f"insert into {table} select * from new_rows on conflict ({key}) do update set {changes} where {differs}"
        )
        cursor.execute(upsert.encode())
        cursor.execute("drop table new_rows")
