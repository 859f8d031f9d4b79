"""The client against a stub of Metabase: set up once, provisioned twice, each reader with its own connection."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.import_changes import ImportChanges
from social_metrics.publish.bi.logins import reading_login
from social_metrics.publish.bi.metabase import provision as metabase
from social_metrics.publish.bi.metabase.cards import parameter_mappings, query, without_filters
from social_metrics.publish.bi.metabase.session import GRAPH_TRIES, MetabaseSession
from tests.integration.publish.bi.metabase_stub import Metabase
from tests.integration.publish.bi.serving import serving
from tests.support.bi_definitions import GOOD, load, metadata

URL = "postgresql://unused:unused@db.example:6543/warehouse"
KEY = "a key of the tests, long enough"
LOGINS = [reading_login("bi", KEY, center) for center in (None, "a", "b-c")]


@pytest.fixture
def server() -> Iterator[Metabase]:
    with serving(Metabase()) as running:
        yield running


def provision(server: Metabase, folder: Path, text: str = GOOD, logins: Any = LOGINS) -> ImportChanges:
    session = MetabaseSession(server.url, "data@example.org", "right")
    return metabase.provision(session, load(folder, text), metadata(), URL, logins)


def counted(server: Metabase) -> dict[str, int]:
    return {kind: len(server.living(kind)) for kind in server.has}


def test_a_new_server_is_set_up_once(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    provision(server, tmp_path)
    assert server.asked.count(("POST", "/api/setup")) == 1
    assert server.administrator["email"] == "data@example.org"


def test_twice_makes_nothing_twice(server: Metabase, tmp_path: Path) -> None:
    first = provision(server, tmp_path)
    before = counted(server)
    numbers = [[card["id"] for card in board["dashcards"]] for board in server.living("dashboard")]
    second = provision(server, tmp_path)
    assert first.created
    assert (second.created, second.updated, second.removed, first.removed) == ([], [], [], [])
    assert len(second.unchanged) == 3 + 8 + 4, "connections, cards and dashboards"
    assert counted(server) == before
    assert [[card["id"] for card in board["dashcards"]] for board in server.living("dashboard")] == numbers
    assert before == {"database": 3, "collection": 4, "permissions/group": 5, "card": 8, "dashboard": 4}


def test_what_somebody_changed_is_set_again_and_told(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    board, other = server.living("dashboard")[:2]
    board["dashcards"][0]["size_x"] += 1
    other["description"] = "by hand"
    card = server.living("card")[0]
    card["display"] = "pie"
    changed = provision(server, tmp_path)
    assert sorted(changed.updated) == sorted(found["name"] for found in (board, other, card))
    assert provision(server, tmp_path).updated == []


def test_each_center_has_a_connection_of_its_own_and_only_its_cards_ask_it(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    by_name = {database["name"]: database for database in server.living("database")}
    for login in LOGINS:
        database = by_name[f"Social metrics: {login.center_code or 'Pimpinan'}"]
        assert (database["details"]["user"], database["details"]["password"]) == (login.name, login.password)
        assert (database["details"]["host"], database["details"]["port"]) == ("db.example", 6543)
    collections = {found["id"]: found["name"] for found in server.living("collection")}
    for card in server.living("card"):
        asked = server.has["database"][card["dataset_query"]["database"]]["name"]
        assert asked == f"Social metrics: {collections[card['collection_id']]}"


def test_a_group_asks_its_own_connection_and_reads_its_own_collection(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    groups = {found["name"]: str(found["id"]) for found in server.living("permissions/group")}
    databases = {found["name"]: str(found["id"]) for found in server.living("database")}
    collections = {found["name"]: str(found["id"]) for found in server.living("collection")}
    for name in ("Pimpinan", "a", "b-c"):
        whole = f"Social metrics: {name}"
        queries = server.graphs["permissions"]["groups"][groups[whole]]
        mine = {number for number, rights in queries.items() if rights["create-queries"] != "no"}
        assert mine == {databases[whole]}
        reads = server.graphs["collection"]["groups"][groups[whole]]
        assert {number for number, right in reads.items() if right == "read"} == {collections[name]}
    everybody = server.graphs["permissions"]["groups"]["1"]
    assert set(everybody) == set(databases.values())
    assert {rights["create-queries"] for rights in everybody.values()} == {"no"}
    assert set(server.graphs["collection"]["groups"]["1"].values()) == {"none"}


def test_a_graph_that_somebody_else_changed_is_read_again(server: Metabase, tmp_path: Path) -> None:
    server.stale = 2
    provision(server, tmp_path)
    assert server.graphs["permissions"]["groups"]["1"]


def test_a_graph_that_never_holds_still_is_given_up(server: Metabase, tmp_path: Path) -> None:
    server.stale = GRAPH_TRIES
    with pytest.raises(UsageProblem, match="changed by others all the time"):
        provision(server, tmp_path)


def test_what_git_no_longer_has_is_archived_and_nothing_of_others(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    session = MetabaseSession(server.url, "data@example.org", "right")
    others = {"name": "Lain", "display": "table", "dataset_query": {}, "visualization_settings": {}, "collection_id": 7}
    theirs = session.ask("POST", "/api/card", json=others)
    fewer = "\n".join(line for line in GOOD.splitlines() if "key: b" not in line)
    done = provision(server, tmp_path, fewer)
    assert set(done.removed) == {"Papan · B", "Board · B"}
    assert not server.has["card"][theirs["id"]].get("archived")
    for board in server.living("dashboard"):
        shown = {dashcard["card_id"] for dashcard in board["dashcards"]} - {None}
        assert shown <= {card["id"] for card in server.living("card")}


def test_every_dashcard_has_its_card_and_its_filters(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    for board in server.living("dashboard"):
        known = {parameter["id"] for parameter in board["parameters"]}
        assert known == {"center_name"}
        cards = [dashcard for dashcard in board["dashcards"] if dashcard["card_id"]]
        assert len(cards) == 2
        for dashcard in cards:
            card = server.has["card"][dashcard["card_id"]]
            tags = set(card["dataset_query"]["native"]["template-tags"])
            assert {mapping["parameter_id"] for mapping in dashcard["parameter_mappings"]} == tags <= known
            assert {tag for tag in tags if f"{{{{{tag}}}}}" in card["dataset_query"]["native"]["query"]} == tags


def test_the_query_runs_without_a_filter(tmp_path: Path) -> None:
    (dashboard,) = load(tmp_path)
    sql = query(dashboard, dashboard.charts[0], metadata(), "id")
    assert "[[and center_name = {{center_name}}]]" in sql
    assert "[[" not in without_filters(sql)
    assert "and is_latest = true" in without_filters(sql)


def test_a_past_period_empties_neither_the_title_nor_what_stands_on_the_newest_day(tmp_path: Path) -> None:
    drawn = "  - {key: t, title: {id: T, en: T}, mart: fct_days, kind: title}\n"
    drawn += "  - {key: c, title: {id: C, en: C}, mart: fct_days, kind: line, x: date_day, metrics: [total]}\n"
    (dashboard,) = load(tmp_path, GOOD.replace("filters:", "period: true\nfilters:") + drawn)
    reached = {
        chart.key: {mapping["parameter_id"] for mapping in parameter_mappings(dashboard, chart, metadata(), 1)}
        for chart in dashboard.charts
    }
    period = {"from_date", "to_date"}
    assert (reached["t"], reached["a"], reached["c"]) == (set(), {"center_name"}, {"center_name", *period})


def test_the_greatest_series_are_those_of_the_rows_that_are_asked_for(tmp_path: Path) -> None:
    """As Superset chooses them; of all rows of all years they would be others, and cost a look at every one."""
    form = "kind: line, x: date_day, last_days: 90, metrics: [total], by: [center_name], series_limit: 8"
    drawn = "  - {key: c, title: {id: C, en: C}, mart: fct_days, series_order: followers, " + form + "}"
    (dashboard,) = load(tmp_path, GOOD + drawn)
    sql = query(dashboard, dashboard.chart("c"), metadata(), "id")
    (chosen,) = re.findall(r"in \(select center_name from mart (.*) group by", sql, re.DOTALL)
    assert "current_date - 90" in chosen
    assert "[[and center_name = {{center_name}}]]" in chosen


def test_a_wrong_password_is_said(server: Metabase, tmp_path: Path) -> None:
    provision(server, tmp_path)
    with pytest.raises(UsageProblem, match="refuses the login"):
        MetabaseSession(server.url, "data@example.org", "wrong")


def test_a_server_that_does_not_answer_is_said() -> None:
    with pytest.raises(UsageProblem, match="does not answer"):
        MetabaseSession("http://127.0.0.1:9", "data@example.org", "right")
