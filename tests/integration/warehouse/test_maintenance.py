"""Maintenance on a real warehouse: months ahead, emptied ones let go and nothing else, tables counted."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.maintenance import drop_emptied_months, make_months, missing_partitions, vacuum_tables
from tests.support.warehouse import change_evidence

NOW = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)  # half past midnight of the first of November in WIB
TABLES = ["api_responses", "capture_outcomes", "post_captions", "posts", "profile_snapshots", "response_bodies"]


def _months(url: str, table: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass order by 1",
            (f"raw.{table}",),
        ).fetchall()
    return [str(name)[-6:] for (name,) in rows]


def _missing(url: str, now: datetime) -> list[str]:
    with connect(url, "loader") as connection:
        return missing_partitions(connection, now)


def _body(url: str, received_at: datetime) -> None:
    with connect(url, "loader") as connection:
        connection.execute("select ops.ensure_month_partitions(array[%s]::timestamptz[])", (received_at,))
        connection.execute(
            "insert into raw.response_bodies (response_id, received_at, body) values (%s, %s, 'x')",
            (uuid4(), received_at),
        )


def test_months_are_made_ahead_in_wib_and_only_once(warehouse_url: str) -> None:
    assert make_months(warehouse_url, NOW, ahead=3) == 5 * len(TABLES)
    for table in TABLES:
        assert _months(warehouse_url, table) == ["202611", "202612", "202701", "202702", "202703"], table
    assert make_months(warehouse_url, NOW, ahead=3) == 0


def test_a_capture_makes_ready_for_the_turn_of_the_month(warehouse_url: str) -> None:
    _body(warehouse_url, NOW)
    assert _months(warehouse_url, "posts") == ["202611", "202612"]


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (datetime(2027, 1, 24, 16, 59, tzinfo=UTC), []),
        (datetime(2027, 1, 24, 17, 0, tzinfo=UTC), [f"{table}_202702" for table in TABLES]),  # the 25th in WIB
    ],
)
def test_a_missing_month_is_told_a_week_before(warehouse_url: str, now: datetime, missing: list[str]) -> None:
    assert _missing(warehouse_url, now) == [], "an empty warehouse lacks nothing"
    make_months(warehouse_url, NOW, ahead=1)
    assert _missing(warehouse_url, now) == missing
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("drop table raw.posts_202611")
    assert _missing(warehouse_url, NOW) == ["posts_202611"]


def test_only_emptied_months_of_the_side_tables_go(warehouse_url: str) -> None:
    for month in (3, 4, 5, 7):
        _body(warehouse_url, datetime(2026, month, 10, tzinfo=UTC))
    with psycopg.connect(warehouse_url) as connection:
        change_evidence(
            connection, "delete from raw.response_bodies where received_at not between '2026-05-01' and '2026-06-01'"
        )
    before = {table: _months(warehouse_url, table) for table in TABLES}

    dropped = drop_emptied_months(warehouse_url, datetime(2026, 9, 1, tzinfo=UTC))

    # June was made ready and never written to; it is too young, as are July and August.
    assert dropped == [
        *("post_captions_202603", "post_captions_202604", "post_captions_202605"),
        *("response_bodies_202603", "response_bodies_202604"),
    ]
    for table in set(TABLES) - {"post_captions", "response_bodies"}:
        assert _months(warehouse_url, table) == before[table], "evidence stays, empty or not"
    assert "202605" in _months(warehouse_url, "response_bodies"), "it has a row"
    assert drop_emptied_months(warehouse_url, datetime(2026, 9, 1, tzinfo=UTC)) == []
    _body(warehouse_url, datetime(2026, 3, 11, tzinfo=UTC))
    assert "202603" in _months(warehouse_url, "response_bodies"), "what comes late has a place again"


def test_no_other_role_lets_months_go(warehouse_url: str) -> None:
    with connect(warehouse_url, "loader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select ops.drop_emptied_months(now())")


def test_tables_are_swept_and_counted(warehouse_url: str) -> None:
    with connect(warehouse_url, "transformer") as connection:
        connection.execute("create table marts.fct_swept as select generate_series(1, 1000) as n")
        connection.execute("delete from marts.fct_swept where n > 500")
    make_months(warehouse_url, NOW)

    assert vacuum_tables(warehouse_url) == 1

    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute(
            "select reltuples from pg_class where oid = 'marts.fct_swept'::regclass"
        ).fetchone() == (500,)
        assert connection.execute("select reltuples from pg_class where oid = 'raw.posts'::regclass").fetchone() == (0,)
