"""What a build takes up, and when everything is built: no crash, no late commit and no other end loses a day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import psycopg
import pytest

from social_metrics.transform.build_plan import MartBuild, latest_build, plan_build, record_layer
from social_metrics.warehouse.connect import connect

LAYERS = ["staging", "intermediate", "marts"]
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 10)
AS_OF = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture
def transformer(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """A transformer's connection to a warehouse whose marts were built from the 1st to the 10th."""
    with psycopg.connect(warehouse_url) as loader:
        loader.execute("select ops.ensure_month_partitions(array[%s])", (datetime(2026, 3, 1, tzinfo=UTC),))
    with connect(warehouse_url, "transformer") as connection:
        connection.execute("create table intermediate.int_dates__reporting (date_day date)")
        connection.commit()
        _finish(connection, plan_build(connection, "as ever", retention_as_of=AS_OF))
        connection.execute("insert into intermediate.int_dates__reporting values (%s), (%s)", (FIRST, LAST))
        connection.execute("update ops.mart_builds set first_day = %s, last_day = %s", (FIRST, LAST))
        connection.commit()
        yield connection


def _finish(connection: psycopg.Connection, build: MartBuild) -> None:
    for layer in LAYERS:
        record_layer(connection, build, layer, LAYERS)


def _plan(connection: psycopg.Connection, through_date: date | None = None) -> MartBuild:
    return plan_build(connection, "as ever", through_date=through_date, retention_as_of=AS_OF)


def _capture(connection: psycopg.Connection, account_code: str, day: int, expires_at: datetime | None = None) -> None:
    instant = datetime(2026, 3, day, 13, tzinfo=UTC)
    connection.execute(
        "insert into raw.profile_snapshots (attempt_id, account_code, platform, captured_at, followers_count, "
        "followers_precision_step, followers_state, metric_definition_id, authorization_mode, source, response_id, "
        "run_id, try_number, expires_at) "
        "values (%s, %s, 'p', %s, 1, 1, 'reported', 'v1', 'public', 'api', %s, 'run', 1, %s)",
        (uuid4(), account_code, instant, uuid4(), expires_at),
    )


def _taken_up(connection: psycopg.Connection, build: MartBuild) -> set[tuple[str, int]]:
    rows = connection.execute(
        "select account_code, extract(day from as_of_date)::int from ops.reopened_days where build_id = %s",
        (build.build_id,),
    ).fetchall()
    connection.commit()
    return set(rows)


def test_evidence_queues_its_day_in_its_own_transaction(transformer: psycopg.Connection, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as slow, psycopg.connect(warehouse_url) as quick:
        _capture(slow, "slow", 4)  # its loaded_at is the earlier one
        _capture(quick, "quick", 5)
        quick.commit()
        first = _plan(transformer)
        assert (first.scope, first.first_day, first.last_day) == ("changes", FIRST, LAST)
        assert _taken_up(transformer, first) == {("quick", 5)}
        _finish(transformer, first)
        slow.commit()
    assert _taken_up(transformer, _plan(transformer)) == {("slow", 4)}


def test_a_build_that_dies_leaves_its_days_to_the_next(transformer: psycopg.Connection, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as loader:
        _capture(loader, "a", 4)
    dead = _plan(transformer)
    record_layer(transformer, dead, "staging", LAYERS)
    record_layer(transformer, dead, "intermediate", LAYERS)
    with psycopg.connect(warehouse_url) as loader:
        _capture(loader, "b", 12)
    build = _plan(transformer)
    assert _taken_up(transformer, build) == {("a", 4), ("b", 12)}
    assert (build.built_through, build.last_day) == (LAST, date(2026, 3, 12))
    _finish(transformer, build)
    assert transformer.execute("select count(*) from ops.reopened_days").fetchone() == (0,)


def test_a_later_layer_does_not_stand_on_one_that_was_not_built(transformer: psycopg.Connection) -> None:
    build = _plan(transformer)
    for layer in ("marts", "staging", "marts"):
        record_layer(transformer, build, layer, LAYERS)
    assert _layers(transformer) == ["staging"]
    record_layer(transformer, build, "intermediate", LAYERS)
    record_layer(transformer, build, "staging", LAYERS)
    record_layer(transformer, build, "marts", LAYERS)
    assert _layers(transformer) == ["staging"], "after an earlier layer is built again the later ones are due again"


def test_days_after_the_last_one_wait(transformer: psycopg.Connection, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as loader:
        _capture(loader, "a", 11)
        _capture(loader, "a", 12)
    build = _plan(transformer, date(2026, 3, 11))
    assert _taken_up(transformer, build) == {("a", 11)}


def test_an_expired_count_queues_its_day(transformer: psycopg.Connection, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as loader:
        _capture(loader, "a", 4, expires_at=datetime(2026, 4, 3, tzinfo=UTC))
        _capture(loader, "b", 5, expires_at=datetime(2026, 4, 5, tzinfo=UTC))
    _finish(transformer, _plan(transformer))
    later = plan_build(transformer, "as ever", retention_as_of=datetime(2026, 4, 4, tzinfo=UTC))
    assert _taken_up(transformer, later) == {("a", 4)}


def test_when_changes_are_not_enough(transformer: psycopg.Connection, warehouse_url: str) -> None:
    plans = [
        (plan_build(transformer, "another registry"), "registry, the rules or the models have changed"),
        (plan_build(transformer, "as ever", everything=True), "asked for"),
        (_plan(transformer, date(2026, 3, 9)), "end on an earlier day"),
    ]
    with psycopg.connect(warehouse_url) as loader:
        loader.execute(
            "insert into ops.reopened_days (account_code, as_of_date, cause) values ('a', '2026-02-28', 'x')"
        )
    plans.append((_plan(transformer), "before the first day"))
    transformer.execute("delete from ops.reopened_days")
    transformer.execute("update intermediate.int_dates__reporting set date_day = date_day - 1")
    transformer.commit()
    plans.append((_plan(transformer), "not as the last build left them"))
    for build, reason in plans:
        assert build.scope == "everything"
        assert reason in build.reason
    assert latest_build(transformer) == plans[-1][0]


def _layers(connection: psycopg.Connection) -> list[str]:
    build = latest_build(connection)
    connection.commit()
    assert build
    return build.layers
