"""What lands in the lake is what raw holds and models read, once, and no longer than it may be kept."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from upath import UPath

from social_metrics.contract import ProfileSnapshot
from social_metrics.extract.credentials.revocations import record_revocation
from social_metrics.registry.registry import load_registry
from social_metrics.retention.enforce import enforce_retention
from social_metrics.settings import Settings
from social_metrics.transform.lake.landing import PART, STATE, Landing, land
from social_metrics.transform.lake.tables import TABLES, LandedTable
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.locks import LAKE_LOCK, lake_lock
from tests.support.random_evidence import RandomEvidence
from tests.support.warehouse import change_evidence

DAYS = (date(2026, 10, 28), date(2026, 10, 29))
BEFORE, AFTER = datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)
EXPIRES = "2026-11-27 13:00+00"
COUNTS = ("followers_count", "followers_precision_step", "following_count", "posts_count", "views_count")
BY_NAME = {table.name: table for table in TABLES}


@pytest.fixture
def owner(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """Two evenings; YouTube's counts of the first one may be kept for a month."""
    with psycopg.connect(warehouse_url, autocommit=True, options="-c timezone=UTC") as connection:
        evidence = RandomEvidence(connection, 5)
        for day in DAYS:
            evidence.write_run(day)
        change_evidence(
            connection,
            "update raw.profile_snapshots set followers_count = 987654, followers_precision_step = 1, "
            "followers_state = 'reported', expires_at = null",
        )
        change_evidence(connection, "update raw.posts set like_count = 5, expires_at = null")
        for table in ("profile_snapshots", "posts"):
            change_evidence(
                connection,
                f"update raw.{table} set expires_at = %s where platform = 'youtube' "
                "and (captured_at at time zone 'Asia/Jakarta')::date = %s",
                (EXPIRES, DAYS[0]),
            )
        yield connection


@pytest.fixture
def lake(tmp_path: Path) -> UPath:
    return UPath(tmp_path / "lake")


def landed(lake: UPath, name: str) -> list[dict[str, Any]]:
    """All rows of a table, with the date of the partition in which they lie."""
    return [
        {**row, "wib_date": part.parent.name.removeprefix("wib_date=")}
        for part in sorted((lake / name).glob(f"wib_date=*/{PART}"), key=str)
        for row in pq.read_table(part.open("rb")).to_pylist()
    ]


def in_raw(connection: psycopg.Connection, table: LandedTable) -> list[dict[str, Any]]:
    """The same asked of the warehouse in another way: column by column, without the code under test."""
    names = table.columns
    schema, relation = table.name.split(".")
    cursor = connection.execute(
        f'select {", ".join(names)}, ({table.dated})::text as wib_date from "{schema}"."{relation}"'
    )
    return [dict(zip([*names, "wib_date"], row, strict=True)) for row in cursor]


def sorted_rows(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr([(name, str(value)) for name, value in sorted(row.items())]) for row in rows)


def written(landing: Landing) -> dict[str, list[date]]:
    return {table: days for table, days in landing.written.items() if days}


def test_the_lake_holds_what_raw_holds_by_wib_date(warehouse_url: str, owner: psycopg.Connection, lake: UPath) -> None:
    land(warehouse_url, lake, BEFORE)
    for name in ("raw.profile_snapshots", "raw.posts", "raw.capture_outcomes"):
        expected = in_raw(owner, BY_NAME[name])
        assert expected
        assert sorted_rows(landed(lake, name)) == sorted_rows(expected), name
        assert {row["wib_date"] for row in landed(lake, name)} <= {day.isoformat() for day in DAYS}


def test_landing_twice_writes_nothing_and_doubles_nothing(
    warehouse_url: str, owner: psycopg.Connection, lake: UPath
) -> None:
    land(warehouse_url, lake, BEFORE)
    rows = landed(lake, "raw.posts")
    again = land(warehouse_url, lake, BEFORE)
    assert written(again) == {}
    assert again.rows == 0
    (lake / STATE).unlink()  # as if the first landing had died before its end
    assert written(land(warehouse_url, lake, BEFORE))["raw.posts"] == list(DAYS)
    assert landed(lake, "raw.posts") == rows


def test_only_the_dates_that_changed_are_written(warehouse_url: str, owner: psycopg.Connection, lake: UPath) -> None:
    land(warehouse_url, lake, BEFORE)
    change_evidence(
        owner,
        "update raw.posts set like_count = 6 where (captured_at at time zone 'Asia/Jakarta')::date = %s",
        (DAYS[1],),
    )
    assert written(land(warehouse_url, lake, BEFORE)) == {"raw.posts": [DAYS[1]]}
    assert {row["like_count"] for row in landed(lake, "raw.posts")} == {5, 6}


def test_a_count_past_its_time_goes_from_the_lake_though_raw_still_holds_it(
    warehouse_url: str, owner: psycopg.Connection, lake: UPath
) -> None:
    land(warehouse_url, lake, BEFORE)
    before = [row for row in landed(lake, "raw.profile_snapshots") if row["expires_at"]]
    assert before
    assert all(row["followers_count"] == 987654 for row in before)
    assert written(land(warehouse_url, lake, AFTER)) == {
        "raw.profile_snapshots": [DAYS[0]],
        "raw.posts": [DAYS[0]],
    }
    expired = [row for row in landed(lake, "raw.profile_snapshots") if row["expires_at"]]
    assert len(expired) == len(before)
    for row in expired:
        assert row["followers_state"] == "retention_expired"
        assert [row[name] for name in COUNTS] == [None] * len(COUNTS)
    posts = [row for row in landed(lake, "raw.posts") if row["expires_at"]]
    assert posts
    assert all(row["like_count"] is None for row in posts)
    kept = [row for row in landed(lake, "raw.profile_snapshots") if not row["expires_at"]]
    assert kept
    assert all(row["followers_count"] == 987654 for row in kept), "nothing else is taken"


def test_what_a_purge_emptied_is_landed_again_empty(warehouse_url: str, owner: psycopg.Connection, lake: UPath) -> None:
    """An owner takes the authorisation back: no `expires_at` says so, and the lake follows all the same."""
    account = landed_account(owner)
    land(warehouse_url, lake, BEFORE)
    assert any(
        row["followers_count"] for row in landed(lake, "raw.profile_snapshots") if row["account_code"] == account
    )
    settings = Settings()
    registry = load_registry(settings.registry_dir)
    change_evidence(
        owner, "update raw.profile_snapshots set authorization_mode = 'owner' where account_code = %s", (account,)
    )
    with connect(warehouse_url, "loader") as connection:
        record_revocation(connection, account, "tiktok", BEFORE, "Surat 12/2026")
    assert enforce_retention(settings, registry, warehouse_url, BEFORE.replace(day=20)).items
    land(warehouse_url, lake, BEFORE)
    rows = [row for row in landed(lake, "raw.profile_snapshots") if row["account_code"] == account]
    assert rows
    assert [row["followers_count"] for row in rows] == [None] * len(rows)


def landed_account(owner: psycopg.Connection) -> str:
    row = owner.execute("select min(account_code) from raw.profile_snapshots where platform = 'tiktok'").fetchone()
    assert row is not None
    assert row[0]
    return str(row[0])


def test_dates_without_rows_go(warehouse_url: str, owner: psycopg.Connection, lake: UPath) -> None:
    owner.execute(
        "insert into ops.credentials (account_code, platform, refresh_token, updated_at) "
        "values ('a', 'tiktok', 'sealed', '2026-10-28 13:00+00')"
    )
    land(warehouse_url, lake, BEFORE)
    owner.execute("update ops.credentials set updated_at = '2026-10-29 13:00+00', generation = 1")
    again = land(warehouse_url, lake, BEFORE)
    assert again.removed["ops.credentials"] == [DAYS[0]]
    (row,) = landed(lake, "ops.credentials")
    assert (row["generation"], row["wib_date"]) == (1, DAYS[1].isoformat())


def test_a_column_that_models_read_later_is_landed_for_all_dates(
    warehouse_url: str, owner: psycopg.Connection, lake: UPath
) -> None:
    land(warehouse_url, lake, BEFORE)
    state = lake / STATE
    state.write_text(state.read_text().replace("caption_length int, ", ""))
    assert written(land(warehouse_url, lake, BEFORE)) == {"raw.posts": list(DAYS)}


def test_an_object_store_is_a_lake_as_well(warehouse_url: str, owner: psycopg.Connection, tmp_path: Path) -> None:
    """fsspec's memory store stands for any."""
    store, folder = UPath("memory://lake-of-landing"), UPath(tmp_path)
    land(warehouse_url, store, BEFORE)
    land(warehouse_url, folder, BEFORE)
    for table in TABLES:
        assert landed(store, table.name) == landed(folder, table.name)
    assert (store / "columns" / "raw.posts.txt").read_text() == (folder / "columns" / "raw.posts.txt").read_text()


def test_what_a_dead_build_left_behind_is_deleted(warehouse_url: str, owner: psycopg.Connection, lake: UPath) -> None:
    left = lake / "builds" / "20261105T000000-dead" / "marts.db"
    left.mkdir(parents=True)
    (left / "part.parquet").write_bytes(b"counts of that day")
    land(warehouse_url, lake, BEFORE)
    assert not (lake / "builds").exists()
    assert landed(lake, "raw.posts")


def test_nobody_lands_while_marts_are_built_from_the_lake(
    warehouse_url: str, owner: psycopg.Connection, lake: UPath
) -> None:
    landing = threading.Thread(target=land, args=(warehouse_url, lake, BEFORE))
    with lake_lock(warehouse_url, with_others=True), lake_lock(warehouse_url, with_others=True):
        landing.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and objid = %s and not granted"
        while owner.execute(waiting, (LAKE_LOCK,)).fetchone() != (1,):
            assert landing.is_alive(), "it did not wait"
        assert not (lake / STATE).exists()
    landing.join()
    assert (lake / STATE).exists()


def test_no_words_bodies_proofs_or_tokens_are_named() -> None:
    """Their tables do not land, and of those that do no column holds a secret or a caption."""
    assert not {table.name for table in TABLES} & {
        "raw.post_captions", "raw.response_bodies", "raw.api_responses", "raw.evidence_files",
    }  # fmt: skip
    named = {name for table in TABLES for name in table.columns}
    assert not {name for name in named if "token" in name or name in {"caption", "body", "rules", "refresh_token"}}


def test_whatever_may_be_emptied_because_its_time_is_up_is_landed_empty() -> None:
    """The counts of the contract that expire, as retention's own grants name them."""
    expiring = set(BY_NAME["raw.profile_snapshots"].expiring)
    assert expiring == {*COUNTS, "followers_state"}
    assert expiring < set(ProfileSnapshot.__dataclass_fields__)
    assert set(BY_NAME["raw.posts"].expiring) == {
        "like_count", "comment_count", "share_count", "view_count",
    }  # fmt: skip
