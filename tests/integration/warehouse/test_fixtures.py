"""The shared fixtures hold what they promise."""

import psycopg


def _schemas(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("select nspname from pg_namespace")}


def test_a_warehouse_is_migrated_and_belongs_to_its_test_alone(warehouse_url: str) -> None:
    assert {"raw", "ops"} <= _schemas(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("create table raw.left_behind ()")


def test_nothing_of_another_test_is_left_in_a_warehouse(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        assert connection.execute("select to_regclass('raw.left_behind')").fetchone() == (None,)


def test_an_empty_database_is_empty(empty_database_url: str) -> None:
    assert "raw" not in _schemas(empty_database_url)


def test_the_service_login_is_no_superuser(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        query = "select rolsuper from pg_roles where rolname = current_user"
        assert connection.execute(query).fetchone() == (False,)
