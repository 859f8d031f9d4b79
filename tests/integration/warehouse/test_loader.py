"""The loader on a real database: a batch is loaded once and whole, and an observation without news adds no row."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from social_metrics.contract import (
    ApiResponse,
    Attachment,
    AuthorizationMode,
    CaptureOutcome,
    FollowersState,
    Outcome,
    Post,
    PostCaption,
    PostsRead,
    Presence,
    ProfileSnapshot,
    ResponseBody,
    Source,
    Spend,
)
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.loader import BatchRecords, load

CAPTURED = (ApiResponse, ResponseBody, ProfileSnapshot, Post, PostCaption, CaptureOutcome, Spend)
"""What a capture writes, in the order of writing."""
EVENING = datetime(2026, 1, 31, 13, 0, tzinfo=UTC)


def a_post(**changes: object) -> Post:
    post = Post(
        account_code="kartini-x",
        platform="x",
        post_id="1",
        captured_at=EVENING,
        published_at=EVENING - timedelta(days=1),
        url="https://x.com/demo_kartini/status/1",
        post_type="text",
        content_hash=None,
        caption_length=None,
        like_count=3,
        comment_count=None,
        share_count=0,
        view_count=None,
        presence=Presence.SEEN,
        source=Source.SIMULATOR,
        response_id=UUID(int=1),
        run_id="test",
    )
    return replace(post, **changes)


def a_batch() -> BatchRecords:
    response, attempt = uuid4(), uuid4()
    return BatchRecords(
        responses=[
            ApiResponse(
                response_id=response,
                platform="x",
                endpoint="users",
                api_version="2",
                method="GET",
                parameters={"usernames": "demo_kartini"},
                http_status=200,
                received_at=EVENING,
                duration_ms=12,
                received_sha256="a" * 64,
                received_bytes=10,
                kept_sha256="b" * 64,
                stripped={"name": 1},
                attempt=1,
                source=Source.SIMULATOR,
                run_id="test",
                try_number=1,
                expires_at=None,
            )
        ],
        bodies=[ResponseBody(response, EVENING, b'{"text":"\\u0000"}', None)],
        snapshots=[
            ProfileSnapshot(
                attempt_id=attempt,
                account_code="kartini-x",
                platform="x",
                captured_at=EVENING,
                followers_count=10,
                followers_precision_step=1,
                followers_state=FollowersState.REPORTED,
                following_count=None,
                posts_count=5,
                views_count=None,
                handle_seen="demo_kartini",
                platform_account_id_seen="1",
                metric_definition_id="x.followers_count.v1",
                authorization_mode=AuthorizationMode.OWNER,
                source=Source.SIMULATOR,
                response_id=response,
                run_id="test",
                try_number=1,
                expires_at=None,
            )
        ],
        posts=[a_post(response_id=response)],
        captions=[PostCaption("kartini-x", "x", "1", "c" * 64, EVENING, "tab\t newline\n \\N back\\slash", None)],
        outcomes=[
            CaptureOutcome(
                attempt_id=attempt,
                account_code="kartini-x",
                platform="x",
                attempted_at=EVENING,
                outcome=Outcome.CAPTURED,
                detail=None,
                next_step=None,
                posts_read=PostsRead.LISTED,
                posts_seen=1,
                retry_at=None,
                response_id=response,
                source=Source.SIMULATOR,
                run_id="test",
                try_number=1,
            )
        ],
        spends=[Spend(response, "x", "x", "users", EVENING, 1, 0, Decimal("0.01"), "test")],
    )


def _counts(url: str) -> dict[str, int]:
    tables = [record.table for record in CAPTURED]
    with psycopg.connect(url) as connection:
        return {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}


def test_the_contract_is_the_database(warehouse_url: str) -> None:
    """Columns, their order and the keys of every record type stand in the migrated database."""
    for record in (*CAPTURED, Attachment):
        schema, table = record.table.split(".")
        with psycopg.connect(warehouse_url) as connection:
            columns = [
                row[0]
                for row in connection.execute(
                    "select column_name from information_schema.columns where table_schema = %s and table_name = %s"
                    " and column_name <> 'loaded_at' order by ordinal_position",
                    (schema, table),
                )
            ]
            key = [
                row[0]
                for row in connection.execute(
                    "select a.attname from pg_index i cross join unnest(i.indkey) with ordinality k (n, position)"
                    " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n"
                    " where i.indrelid = %s::regclass and i.indisprimary order by k.position",
                    (record.table,),
                )
            ]
        assert columns == [field.name for field in fields(record)], record.table
        assert tuple(key) == record.key, record.table


def test_loading_twice_changes_no_row_count(warehouse_url: str) -> None:
    batch = a_batch()
    with connect(warehouse_url, "loader") as connection:
        first = load(connection, batch)
    with connect(warehouse_url, "loader") as connection:
        second = load(connection, batch)
    assert set(first.values()) == {1}
    assert set(second.values()) == {0}
    assert set(_counts(warehouse_url).values()) == {1}


def test_words_survive_the_way(warehouse_url: str) -> None:
    with connect(warehouse_url, "loader") as connection:
        load(connection, a_batch())
    with psycopg.connect(warehouse_url) as connection:
        caption = connection.execute("select caption from raw.post_captions").fetchone()
        body = connection.execute("select body from raw.response_bodies").fetchone()
    assert caption == ("tab\t newline\n \\N back\\slash",)
    assert bytes(body[0]) == b'{"text":"\\u0000"}'


@pytest.mark.parametrize(
    ("changes", "new_rows"),
    [
        ({}, 0),
        ({"like_count": 4}, 1),
        ({"like_count": None}, 1),
        ({"presence": Presence.ABSENT}, 1),
        ({"content_hash": "d" * 64}, 1),
        ({"url": None}, 1),
    ],
)
def test_a_post_is_written_again_only_when_something_changed(
    warehouse_url: str, changes: dict[str, object], new_rows: int
) -> None:
    later = {"captured_at": EVENING + timedelta(days=1), "response_id": UUID(int=2)}
    with connect(warehouse_url, "loader") as connection:
        load(connection, BatchRecords(posts=[a_post()]))
        inserted = load(connection, BatchRecords(posts=[a_post(**later, **changes)]))
    assert inserted[Post.table] == new_rows


def test_a_late_load_compares_with_what_was_known_then(warehouse_url: str) -> None:
    """3 likes on day 1, 5 on day 3; day 2's reading of 5, loaded last, is a change against day 1."""
    with connect(warehouse_url, "loader") as connection:
        load(connection, BatchRecords(posts=[a_post()]))
        for days, number in ((2, 3), (1, 2)):
            post = a_post(captured_at=EVENING + timedelta(days=days), response_id=UUID(int=number), like_count=5)
            assert load(connection, BatchRecords(posts=[post]))[Post.table] == 1


def test_a_batch_is_written_whole_or_not_at_all(warehouse_url: str) -> None:
    batch = a_batch()
    batch.outcomes[0] = replace(batch.outcomes[0], posts_seen=-1)  # refused by a CHECK, after all other tables
    with pytest.raises(psycopg.errors.CheckViolation), connect(warehouse_url, "loader") as connection:
        load(connection, batch)
    assert set(_counts(warehouse_url).values()) == {0}


def test_partitions_are_wib_months(warehouse_url: str) -> None:
    """17:00 UTC on the last day of January is already February in WIB."""
    before, after = (datetime(2026, 1, 31, 16, 59, tzinfo=UTC), datetime(2026, 1, 31, 17, 0, tzinfo=UTC))
    with connect(warehouse_url, "loader") as connection:
        load(
            connection,
            BatchRecords(posts=[a_post(captured_at=before), a_post(captured_at=after, like_count=9, post_id="2")]),
        )
    with psycopg.connect(warehouse_url) as connection:
        places = connection.execute("select tableoid::regclass::text from raw.posts order by captured_at").fetchall()
    assert places == [("raw.posts_202601",), ("raw.posts_202602",)]


@pytest.mark.parametrize(
    "statement", ["update raw.posts set like_count = 0", "delete from raw.posts", "truncate raw.posts"]
)
def test_the_loader_can_add_and_nothing_else(warehouse_url: str, statement: str) -> None:
    with connect(warehouse_url, "loader") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_readers_never_see_words_or_raw(warehouse_url: str) -> None:
    for role, table in (("auditor", "raw.post_captions"), ("bi_reader", "raw.posts"), ("bi_reader", "ops.credentials")):
        with connect(warehouse_url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select 1 from {table}")
