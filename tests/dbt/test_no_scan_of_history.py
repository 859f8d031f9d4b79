"""A day's build and a dashboard's question find their rows by an index: neither reads a history from end to end.

On a warehouse of a few thousand rows a planner rightly reads whole tables; so it is forbidden to, and what still reads
one, or an index without a condition, has no other way. The statements are those that dbt has just run.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from benchmarks.many_accounts import LAST_DAY, ManyAccounts
from local_stack.server import Server
from social_metrics.publish.bi.definitions import load_dashboards
from social_metrics.publish.bi.metabase.cards import query, without_filters
from social_metrics.publish.bi.metadata import read_metadata
from social_metrics.settings import REPOSITORY, Settings
from social_metrics.transform.build_plan import CHANGES, EVERYTHING
from social_metrics.warehouse.connect import connect
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence, at

SIZE = ManyAccounts(accounts=100, days=70)
A_HISTORY = 20 * SIZE.accounts
"""A table with more rows than this holds days, or posts, of years; of months there are fewer."""

READ_WHOLE = {
    # Made anew as a whole: a center's name on each month's last day, and the answers of the few campaigns.
    "fct_center_monthly": {"int_centers__daily_spine"},
    "fct_campaign_synchrony": {
        *("int_accounts__daily_outcomes", "int_posts__known_periods", "int_posts__caption_reads", "int_posts__tags")
    },
}
NOT_ASKED = {"int_dates__reporting"}
"""Its look through all evidence is not taken: a planned build says its first and last day."""

WHOLE_HISTORIES = {
    "kemutakhiran.posts": "the newest by the index of their order",
    "pertumbuhan.definition_breaks": "all that there ever were, on any day",
    "pertumbuhan.followers_by_center": "90 days are more than this history has",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[Evidence], Warehouse], postgres_server: Server) -> Warehouse:
    """Years of many accounts in small, built whole, and one more day."""
    warehouse = make_warehouse(Evidence())
    warehouse.variables = {}
    administrator = postgres_server.url(urlsplit(warehouse.url).path[1:])
    SIZE.write_registry(warehouse.registry)
    SIZE.write_history(administrator)
    _build(warehouse, LAST_DAY - timedelta(days=1), EVERYTHING)
    SIZE.write_last_day(administrator)
    _build(warehouse, LAST_DAY, CHANGES)
    return warehouse


def _build(warehouse: Warehouse, day: Any, scope: str) -> None:
    planned = warehouse.plan(day, at(day, 23))
    assert planned.scope == scope, planned.reason
    warehouse.build_planned(planned)


@pytest.fixture
def planner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """A connection that plans as a build does, with whole reads forbidden."""
    with connect(warehouse.url, "transformer") as connection:
        connection.execute("analyze")
        connection.execute("set enable_seqscan = off; set jit = off")
        yield connection
        connection.rollback()


def _statements(warehouse: Warehouse) -> dict[str, list[tuple[str, bool]]]:
    """Model → what the day's build selected and deleted; and whether loops were allowed."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for path in (warehouse.state / "target" / "compiled").rglob("models/*/**/*.sql"):
        if "staging" not in path.parts:
            found[path.stem] = [(path.read_text(encoding="utf-8"), False)]
    for path in (warehouse.state / "target" / "run").rglob("models/*/**/*.sql"):
        for deleted in re.findall(r"delete from .*?;", path.read_text(encoding="utf-8"), re.DOTALL):
            found[path.stem].append((deleted, True))
    return found


def _read_whole(connection: psycopg.Connection, statement: str) -> set[str]:
    """Histories that a plan reads from end to end."""
    large = set(
        connection.execute(
            "select relnamespace::regnamespace::text, relname from pg_class where relkind = 'r' and reltuples > %s",
            (A_HISTORY / 4,),
        )
    )
    of_few_rows = {
        str(name)
        for (name,) in connection.execute(
            "select relname from pg_index inner join pg_class on pg_class.oid = indexrelid where indpred is not null"
        )
    }
    (answer,) = connection.execute(f"explain (format json, verbose) {statement}".encode()).fetchone() or ([],)
    plans = answer if isinstance(answer, list) else json.loads(answer)
    return {
        str(node["Relation Name"])
        for node in _nodes(plans[0]["Plan"])
        if (node.get("Schema"), node.get("Relation Name")) in large
        and "Index Cond" not in node
        and node["Node Type"] in {"Seq Scan", "Index Scan", "Index Only Scan"}
        and node.get("Index Name") not in of_few_rows
    }


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node but the one row with which an index answers min() or max()."""
    yield plan
    for below in plan.get("Plans", []):
        if plan["Node Type"] != "Limit" or plan.get("Parent Relationship") not in {"InitPlan", "SubPlan"}:
            yield from _nodes(below)


def _scans_of_a_day(warehouse: Warehouse, connection: psycopg.Connection) -> set[tuple[str, str]]:
    found = set()
    for model, statements in _statements(warehouse).items():
        for statement, may_loop in statements:
            loops, others = ("on", "off") if may_loop else ("off", "on")
            connection.execute(f"set enable_nestloop = {loops}; set enable_hashjoin = {others}".encode())
            connection.execute(f"set enable_mergejoin = {others}".encode())
            found |= {(model, relation) for relation in _read_whole(connection, statement)}
    return found


def test_no_model_of_a_day_reads_a_history(warehouse: Warehouse, planner: psycopg.Connection) -> None:
    assert len(_statements(warehouse)) > 50, "what dbt ran was not found"
    found = sorted(
        (model, relation)
        for model, relation in _scans_of_a_day(warehouse, planner)
        if model not in NOT_ASKED and relation not in READ_WHOLE.get(model, ())
    )
    assert not found, "\n".join(f"{model} reads {relation}" for model, relation in found)


def test_a_lost_index_is_found(warehouse: Warehouse, planner: psycopg.Connection) -> None:
    rows = planner.execute(
        "select indexrelid::regclass::text from pg_index "
        "where indrelid = 'intermediate.int_accounts__daily_spine'::regclass "
        "and indkey::text = (select attnum::text from pg_attribute "
        "where attrelid = indrelid and attname = 'date_day')"
    ).fetchall()
    assert len(rows) == 1
    planner.execute(f"drop index {rows[0][0]}".encode())  # rolled back with the test
    found = _scans_of_a_day(warehouse, planner)
    assert ("fct_follower_growth_daily", "int_accounts__daily_spine") in found


def test_no_question_of_a_dashboard_reads_a_history(warehouse: Warehouse, planner: psycopg.Connection) -> None:
    metadata = read_metadata(Settings(registry_dir=warehouse.registry, state_dir=Path(warehouse.state)))
    found: dict[str, set[str]] = {}
    for dashboard in load_dashboards(REPOSITORY / "bi" / "dashboards"):
        for chart in dashboard.charts:
            asked = without_filters(query(dashboard, chart, metadata, "id"))
            if whole := _read_whole(planner, asked):
                found[f"{dashboard.slug}.{chart.key}"] = whole
    assert {key: whole for key, whole in found.items() if key not in WHOLE_HISTORIES} == {}
