"""Whose rows a login sees in the marts, whatever it asks: a center its own, leadership all; still so once rebuilt."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from local_stack.server import Server
from social_metrics.publish.bi.logins import ReadingLogin, ensure_reading_logins
from tests.dbt.reference.histories import evidence_of
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence

KEY = "a key of the tests, long enough"
LEADERSHIP = "social_metrics_bi_rows"

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[Evidence], Warehouse]) -> Warehouse:
    """Built, and fully refreshed: what the first build gave, the second had to put back."""
    built = make_warehouse(evidence_of(list(range(6))))
    built.build()
    built.build("--full-refresh", "--select", "path:models/marts")
    return built


@pytest.fixture(scope="module")
def centers(warehouse: Warehouse) -> list[str]:
    found = sorted({row["center_code"] for row in warehouse.rows("marts.fct_center_daily")})
    assert len(found) >= 2, "With one center nothing is held apart."
    return found


@pytest.fixture(scope="module")
def logins(
    warehouse: Warehouse, centers: list[str], postgres_server: Server
) -> Iterator[dict[str | None, ReadingLogin]]:
    """Center → its login; None → leadership's."""
    made = ensure_reading_logins(warehouse.url, centers, LEADERSHIP, KEY)
    yield {login.center_code: login for login in made}
    with postgres_server.admin() as connection:
        for login in made:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login.name)))


@pytest.fixture
def one(warehouse: Warehouse, centers: list[str], logins: dict[str | None, ReadingLogin]) -> Iterator[Connection]:
    """Connected as the first center."""
    with psycopg.connect(logins[centers[0]].url(warehouse.url), autocommit=True) as connection:
        yield connection


def marts(warehouse: Warehouse, kind: str) -> set[str]:
    """Marts whose rows are a center's; those that describe what all share; the others."""
    found: dict[str, set[str]] = {"own": set(), "common": set(), "none": set()}
    with psycopg.connect(warehouse.url) as connection:
        for name, has_center in connection.execute(
            "select c.relname, exists (select 1 from pg_attribute a where a.attrelid = c.oid and attname = "
            "'center_code' and not attisdropped) from pg_class c where relnamespace = 'marts'::regnamespace "
            "and relkind in ('r', 'p', 'v', 'm')"
        ):
            found["own" if has_center else "common" if name.startswith("dim_") else "none"].add(name)
    assert all(found.values())
    return found[kind]


def test_a_center_sees_its_own_rows_only(warehouse: Warehouse, centers: list[str], one: Connection) -> None:
    seen = 0
    for mart in marts(warehouse, "own"):
        rows = warehouse.rows(f"marts.{mart}")
        found = one.execute(f"select center_code, count(*) from marts.{mart} group by 1").fetchall()
        mine = sum(row["center_code"] == centers[0] for row in rows)
        assert found == ([(centers[0], mine)] if mine else []), mart
        seen += mine
    assert seen > 100
    for mart in marts(warehouse, "none"):
        assert one.execute(f"select * from marts.{mart}").fetchall() == [], mart
    for mart in marts(warehouse, "common"):
        assert one.execute(f"select count(*) from marts.{mart}").fetchone() == (len(warehouse.rows(f"marts.{mart}")),)


def test_leadership_and_the_other_groups_see_all(warehouse: Warehouse, logins: dict[str | None, ReadingLogin]) -> None:
    with psycopg.connect(logins[None].url(warehouse.url), autocommit=True) as connection:
        for mart in marts(warehouse, "own") | marts(warehouse, "common") | marts(warehouse, "none"):
            assert connection.execute(f"select count(*) from marts.{mart}").fetchone() == (
                len(warehouse.rows(f"marts.{mart}")),
            )
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        whole = len(warehouse.rows("marts.fct_center_daily"))
        for role in ("social_metrics_bi_reader", "social_metrics_auditor", "social_metrics_closer"):
            connection.execute(f"set role {role}")
            assert connection.execute("select count(*) from marts.fct_center_daily").fetchone() == (whole,)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from raw.posts",
        "select * from raw.post_captions",
        "select * from raw.profile_snapshots",
        "select * from staging.stg_social__posts",
        "select * from intermediate.int_accounts__daily_spine",
        "select * from ops.center_logins",
        "select * from ops.credentials",
        "select * from audit.closes",
        "set role social_metrics_bi_reader",
        "set role social_metrics_transformer",
        "set session authorization social_metrics_service",
        "alter table marts.fct_posts disable row level security",
        "drop policy own_rows on marts.fct_posts",
        "delete from marts.fct_posts",
        "create table marts.copied as select 1",
        "create temporary table copied as select 1",
        "create view public.seen as select * from marts.fct_posts",
        "set row_security = off; select * from marts.fct_posts",
    ],
)
def test_a_center_cannot_get_around_it(one: Connection, statement: str) -> None:
    one.execute("set default_transaction_read_only = off")  # a guard against mistakes, which a login may take away
    with pytest.raises(
        (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.UndefinedTable,
            psycopg.errors.InvalidParameterValue,
            psycopg.errors.UndefinedObject,
        )
    ):
        one.execute(statement)


def test_taking_the_groups_name_changes_nothing(one: Connection, centers: list[str]) -> None:
    one.execute("set role social_metrics_center_reader")
    assert one.execute("select distinct center_code from marts.fct_center_daily").fetchall() == [(centers[0],)]


def test_a_condition_of_ones_own_is_not_asked_of_others_rows(one: Connection, centers: list[str]) -> None:
    """A function that tells what it was called with, or divides by zero, would show a row that is hidden."""
    divides = "1 / (position(%s in center_code) - 1) > 0"  # by zero, at the other center's rows
    others = f"select count(*) from marts.fct_center_daily where center_code <> %s and {divides}"
    assert one.execute(others, (centers[0], centers[1])).fetchone() == (0,)
    assert one.execute("select * from pg_stats where schemaname = 'marts' and tablename = 'fct_posts'").fetchall() == []


def test_logins_read_only_and_not_for_long(warehouse: Warehouse, logins: dict[str | None, ReadingLogin]) -> None:
    for login in logins.values():
        with psycopg.connect(login.url(warehouse.url), autocommit=True) as connection:
            assert connection.execute("show default_transaction_read_only").fetchone() == ("on",)
            assert connection.execute("show statement_timeout").fetchone() == ("30s",)


def test_every_mart_is_held_apart_and_no_view_lends_its_owners_eyes(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url) as connection:
        open_marts = connection.execute(
            "select relname from pg_class where relnamespace = 'marts'::regnamespace and ("
            "(relkind in ('r', 'p') and not relrowsecurity) or relkind = 'm' or (relkind = 'v' and not "
            "coalesce('security_invoker=true' = any(reloptions), false)))"
        ).fetchall()
    assert open_marts == []


def test_no_mart_has_a_caption(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url) as connection:
        columns = connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'marts' and "
            "column_name in ('caption', 'text', 'message', 'title', 'description', 'body')"
        ).fetchall()
    assert columns == []


def test_a_center_that_left_sees_nothing(
    warehouse: Warehouse, centers: list[str], logins: dict[str | None, ReadingLogin]
) -> None:
    ensure_reading_logins(warehouse.url, centers[1:], LEADERSHIP, KEY)
    with psycopg.connect(logins[centers[0]].url(warehouse.url)) as connection:
        assert connection.execute("select count(*) from marts.fct_center_daily").fetchone() == (0,)
    ensure_reading_logins(warehouse.url, centers, LEADERSHIP, KEY)
