"""An exposure names what is read: every mart without which the page or the command fails, and no other."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql

from social_metrics.marts.leaderboards import read_marts
from social_metrics.publish.page import boards
from social_metrics.warehouse.connect import WarehouseProblem


def _page(url: str) -> None:
    boards.page(url)


def _command(url: str) -> None:
    with read_marts(url) as marts:
        day = marts.day(None)
        marts.followers_board(day)
        marts.recency_board(day)
        marts.unranked_centers(day)


@pytest.mark.parametrize(("exposure", "read"), [("boards_page", _page), ("command_line_top", _command)])
def test_it_names_the_marts_that_are_read(
    example_url: str, repository: Path, exposure: str, read: Callable[[str], None]
) -> None:
    known = yaml.safe_load((repository / "dbt_project" / "models" / "_exposures.yml").read_text(encoding="utf-8"))
    (named,) = [found["depends_on"] for found in known["exposures"] if found["name"] == exposure]
    read(example_url)
    with psycopg.connect(example_url, autocommit=True) as connection:
        marts = [
            name
            for (name,) in connection.execute(
                "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r'"
            )
        ]
        needed = []
        for mart in marts:
            table = sql.Identifier("marts", mart)
            connection.execute(sql.SQL("revoke select on {} from social_metrics_bi_reader").format(table))
            try:
                read(example_url)
            except (WarehouseProblem, psycopg.errors.InsufficientPrivilege):
                needed.append(f"ref('{mart}')")
            connection.execute(sql.SQL("grant select on {} to social_metrics_bi_reader").format(table))
    assert sorted(named) == sorted(needed)
