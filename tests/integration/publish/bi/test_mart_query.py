"""What a person reads in place of a column, as the warehouse answers it."""

from typing import Any

import psycopg
import pytest

from social_metrics.publish.bi.definitions import Both
from social_metrics.publish.bi.mart_query import mart_sql, query_columns
from social_metrics.publish.bi.metadata import Column, Mart, Metadata

PLATFORMS = {"x": Both(id="X", en="X"), "youtube": Both(id="YouTube", en="YouTube")}


@pytest.fixture
def told(warehouse_url: str) -> Any:
    """What stands for a value of a column, in Indonesian."""
    names = ("last_post_url", "platforms_posted", "platform")
    mart = Mart("facts", "Facts.", {name: Column(name, "text", name) for name in names})
    metadata = Metadata({"facts": mart}, {}, {}, {}, {"platform": PLATFORMS})

    def ask(name: str, value: str | None) -> str:
        with psycopg.connect(warehouse_url) as connection:
            connection.execute("create table marts.facts (last_post_url text, platforms_posted text, platform text)")
            connection.execute(f"insert into marts.facts ({name}) values (%s)".encode(), [value])
            shown = f"select {name}_shown from ({mart_sql(mart, metadata, 'id')}) as asked"
            (answer,) = connection.execute(shown.encode()).fetchone() or ("",)
            connection.rollback()
        return str(answer)

    return ask


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("platform", "youtube", "YouTube"),
        ("platform", "new", "new"),
        ("platform", None, "–"),
        ("platforms_posted", "x, youtube", "X, YouTube"),
        ("platforms_posted", "new, youtube", "new, YouTube"),
        ("platforms_posted", None, "–"),
        ("last_post_url", None, "–"),
        (
            "last_post_url",
            'https://x.com/a"<b',
            '<a href="https://x.com/a%22%3Cb" target="_blank" rel="noopener">buka</a>',
        ),
    ],
)
def test_a_column_is_told_in_words(told: Any, name: str, value: str | None, shown: str) -> None:
    assert told(name, value) == shown


def test_a_number_of_platforms_is_no_list_of_them() -> None:
    mart = Mart("facts", "Facts.", {"platforms_posted": Column("platforms_posted", "integer", "How many.")})
    metadata = Metadata({"facts": mart}, {}, {}, {}, {"platform": PLATFORMS})
    assert list(query_columns(mart, metadata, "id")) == ["platforms_posted"]


def test_a_question_that_names_no_center_looks_none_up(warehouse_url: str) -> None:
    """A look-up of every row's center costs as much as the figure itself where centers and days are many."""
    names = {"center_code": "text", "n": "integer"}
    mart = Mart("facts", "Facts.", {name: Column(name, of, name) for name, of in names.items()})
    asked = mart_sql(mart, Metadata({"facts": mart}, {}, {}, {}, {}), "id")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "create table marts.dim_centers (center_code text, center_name text, province text, is_current bool)"
        )
        connection.execute("create table marts.facts (center_code text, n int)")

        def plan(question: str) -> str:
            lines = connection.execute(f"explain {question} from ({asked}) as mart".encode()).fetchall()
            return "\n".join(str(line) for (line,) in lines)

        assert "dim_centers" in plan("select center_name, n")
        assert "dim_centers" not in plan("select sum(n)")
        connection.rollback()
