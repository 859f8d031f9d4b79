"""The way into the warehouse: what is wrong is said with a remedy; migrating twice changes nothing."""

from urllib.parse import urlsplit

import psycopg
import pytest

from social_metrics.warehouse import migrate
from social_metrics.warehouse.connect import WarehouseProblem, connect


def _variant(url: str, **changes: object) -> str:
    parts = urlsplit(url)
    user, password = changes.get("user", parts.username), changes.get("password", parts.password)
    port, name = changes.get("port", parts.port), changes.get("name", parts.path.lstrip("/"))
    return f"postgresql://{user}:{password}@{parts.hostname}:{port}/{name}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "wrong"}, "refuses the password of"),
        ({"name": "nowhere"}, "has no such database"),
        ({"port": 9}, "does not respond. Start it"),
    ],
)
def test_a_warehouse_that_cannot_be_entered_says_why(
    warehouse_url: str, changes: dict[str, object], expected: str
) -> None:
    with pytest.raises(WarehouseProblem, match=expected), connect(_variant(warehouse_url, **changes), "loader"):
        pass


def test_a_failed_piece_of_work_is_rolled_back(warehouse_url: str) -> None:
    def spend_and_fail() -> None:
        with connect(warehouse_url, "loader") as connection:
            connection.execute(
                "insert into ops.spend_ledger values (gen_random_uuid(), 'x', 'x', 'users', now(), 1, 0, 0, 'test')"
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spend_and_fail()
    with connect(warehouse_url, "loader") as connection:
        assert connection.execute("select count(*) from ops.spend_ledger").fetchone() == (0,)


def test_migrating_again_changes_nothing_and_leaves_nothing_pending(empty_database_url: str) -> None:
    assert migrate.pending(empty_database_url)[0] == "0001"
    migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        before = connection.execute("select count(*) from pg_class").fetchone()
    migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select count(*) from pg_class").fetchone() == before
    assert migrate.pending(empty_database_url) == []
