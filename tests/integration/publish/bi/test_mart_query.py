"""What a person reads in place of a column, as the warehouse answers it."""

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from social_metrics.publish.bi.mart_query import MartQuery
from social_metrics.publish.bi.metadata import Column, Mart, Metadata
from social_metrics.publish.texts import Both

PLATFORMS = {"x": Both(id="X", en="X"), "youtube": Both(id="YouTube", en="YouTube")}


COLUMNS = {
    "last_post_url": "text", "platforms_posted": "text", "platform": "text", "last_post_at": "timestamptz",
    "last_post_at_local": "timestamp", "time_zone_label": "text", "completeness": "numeric", "score": "numeric",
    "change_7d": "bigint", "change_7d_low": "bigint", "change_7d_high": "bigint", "change_7d_is_measurable": "boolean",
}  # fmt: skip


@pytest.fixture
def told(warehouse_url: str) -> Any:
    """What stands for the values of a row, in Indonesian, by the query's column."""
    mart = Mart("facts", "Facts.", {name: Column(name, of, name) for name, of in COLUMNS.items()})
    query = MartQuery(mart, Metadata({"facts": mart}, {}, {}, {}, {"platform": PLATFORMS}), "id")

    def ask(**row: Any) -> dict[str, Any]:
        with psycopg.connect(warehouse_url, row_factory=dict_row) as connection:
            connection.execute("set time zone 'UTC'")
            listed = ", ".join(f"{name} {of}" for name, of in COLUMNS.items())
            connection.execute(f"create table marts.facts ({listed})".encode())
            names, places = ", ".join(row), ", ".join(["%s"] * len(row))
            connection.execute(f"insert into marts.facts ({names}) values ({places})".encode(), list(row.values()))
            (answer,) = connection.execute(query.sql().encode()).fetchall()
            connection.rollback()
        return answer

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
        ("last_post_at", "2026-01-31 17:05:00+00", "2026-02-01 00.05 WIB"),
        ("completeness", "0.9775", Decimal("0.978")),
        ("completeness", "0.9999", Decimal("0.999")),
        ("completeness", "1", Decimal(1)),
    ],
)
def test_a_column_is_shown_in_words(told: Any, name: str, value: str | None, shown: object) -> None:
    assert told(**{name: value})[f"{name}_shown"] == shown


def test_a_local_time_has_the_letters_of_its_zone(told: Any) -> None:
    row = told(last_post_at_local="2026-01-31 20:05:00", time_zone_label="WITA")
    assert row["last_post_at_local_shown"] == "2026-01-31 20.05 WITA"


def test_an_address_is_nothing_but_the_address(told: Any) -> None:
    row = told(last_post_url="https://x.com/a?b=1")
    assert row["last_post_url"] == "https://x.com/a?b=1"
    assert "last_post_url_shown" not in row


@pytest.mark.parametrize(
    ("change", "is_measurable", "figure", "note"),
    [(5, True, 5, ""), (5, False, None, "tidak terukur"), (None, None, None, "–")],
)
def test_a_change_is_a_number_and_its_note_says_why_there_is_none(
    told: Any, change: int | None, is_measurable: bool | None, figure: int | None, note: str
) -> None:
    row = told(change_7d=change, change_7d_low=1, change_7d_high=9, change_7d_is_measurable=is_measurable)
    assert (row["change_7d_shown"], row["change_7d_note"]) == (figure, note)


@pytest.mark.parametrize(("score", "note"), [("71.5", ""), (None, "belum dapat dinilai")])
def test_a_score_that_is_not_known_is_said(told: Any, score: str | None, note: str) -> None:
    assert told(score=score)["score_note"] == note


def test_a_number_of_platforms_is_no_list_of_them() -> None:
    mart = Mart("facts", "Facts.", {"platforms_posted": Column("platforms_posted", "integer", "How many.")})
    metadata = Metadata({"facts": mart}, {}, {}, {}, {"platform": PLATFORMS})
    assert list(MartQuery(mart, metadata, "id").columns) == ["platforms_posted"]


def test_a_question_that_names_no_center_looks_none_up(warehouse_url: str) -> None:
    """A look-up of every row's center costs as much as the figure itself where centers and days are many."""
    names = {"center_code": "text", "n": "integer"}
    mart = Mart("facts", "Facts.", {name: Column(name, of, name) for name, of in names.items()})
    asked = MartQuery(mart, Metadata({"facts": mart}, {}, {}, {}, {}), "id").sql()
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "create table marts.dim_centers (center_code text, center_name text, province text, time_zone_label text, "
            "is_current bool)"
        )
        connection.execute("create table marts.facts (center_code text, n int)")

        def plan(question: str) -> str:
            lines = connection.execute(f"explain {question} from ({asked}) as mart".encode()).fetchall()
            return "\n".join(str(line) for (line,) in lines)

        assert "dim_centers" in plan("select center_name, n")
        assert "dim_centers" not in plan("select sum(n)")
        connection.rollback()
