"""Imports the dashboards into a Metabase server (open edition): one collection and one connection for each reader.

The open edition has neither an import nor row security. So each center gets a connection with the center's login and
its own dashboards; leadership sees all rows, in both languages. Objects are found by name in our collections, since no
endpoint is idempotent; cards and dashboards without a definition are archived.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from social_metrics.publish.bi.definitions import COLUMNS, Dashboard
from social_metrics.publish.bi.import_changes import ImportChanges
from social_metrics.publish.bi.logins import ReadingLogin
from social_metrics.publish.bi.mart_query import SCHEMA
from social_metrics.publish.bi.metabase.cards import card, card_name, parameter_mappings, parameters
from social_metrics.publish.bi.metabase.session import MetabaseSession
from social_metrics.publish.bi.metadata import Metadata
from social_metrics.publish.page.formats import LANGUAGES, Language

ROOT = "Social metrics"
LEADERSHIP = "Pimpinan"
ALL_USERS = 1
"""The group of all users; by default it may query every new connection."""

GRID = 24
NOTE_ROWS = 3
_PIXELS = 5  # a row of Metabase's grid is about 40 pixels, a unit of our definitions 8


def provision(
    session: MetabaseSession,
    dashboards: list[Dashboard],
    metadata: Metadata,
    warehouse_url: str,
    logins: Sequence[ReadingLogin],
    on_reader: Callable[[], None] = lambda: None,
) -> ImportChanges:
    """Create or update connections, groups, collections, cards and dashboards; archive those without a definition.

    Args:
        session: of an administrator.
        dashboards: definitions without errors (`metadata.definition_errors`).
        metadata: of the dbt project.
        warehouse_url: postgresql://… of the warehouse, as the server reaches it; its login is not used.
        logins: of leadership and of each center.
        on_reader: called before the dashboards of each login.

    Raises:
        UsageProblem: the server refuses; the message includes its reply.
    """
    changes = ImportChanges()
    root = _collection(session, ROOT, None, changes)
    readers: dict[int, tuple[int, int]] = {}  # group → its connection and its collection
    for login in logins:
        name = login.center_code or LEADERSHIP
        on_reader()
        database = _database(session, login, warehouse_url, changes)
        group = _group(session, f"{ROOT}: {name}", changes)
        collection = _collection(session, name, root, changes)
        readers[group] = (database, collection)
        _permit(session, readers, root)  # before the first card exists
        for language in LANGUAGES if login.center_code is None else LANGUAGES[:1]:
            for dashboard in dashboards:
                _dashboard(session, dashboard, metadata, language, database, collection, changes)
        _archive_others(session, dashboards, collection, changes, whole=login.center_code is None)
    return changes


def _database(session: MetabaseSession, login: ReadingLogin, warehouse_url: str, changes: ImportChanges) -> int:
    parts = urlsplit(warehouse_url)
    name = f"{ROOT}: {login.center_code or LEADERSHIP}"
    wanted = {
        "name": name,
        "engine": "postgres",
        "details": {
            "host": parts.hostname,
            "port": parts.port or 5432,
            "dbname": unquote(parts.path.lstrip("/")),
            "user": login.name,
            "password": login.password,
            "ssl": False,
            "schema-filters-type": "inclusion",
            "schema-filters-patterns": SCHEMA,
        },
    }
    return _create_or_update(session, "/api/database", session.listed("/api/database"), wanted, changes)


def _collection(session: MetabaseSession, name: str, parent: int | None, changes: ImportChanges) -> int:
    location = "/" if parent is None else f"/{parent}/"
    there = [found for found in session.listed("/api/collection") if found.get("location") == location]
    return _find_or_create(session, "/api/collection", there, {"name": name, "parent_id": parent}, changes)[0]


def _group(session: MetabaseSession, name: str, changes: ImportChanges) -> int:
    path = "/api/permissions/group"
    return _find_or_create(session, path, session.listed(path), {"name": name}, changes)[0]


def _find_or_create(
    session: MetabaseSession,
    path: str,
    there: Sequence[Mapping[str, Any]],
    wanted: Mapping[str, Any],
    changes: ImportChanges,
) -> tuple[int, bool]:
    """The id of the object with the name, created where there is none; and whether it was created."""
    for found in there:
        if found["name"] == wanted["name"]:
            return int(found["id"]), False
    changes.created.append(wanted["name"])
    return int(session.ask("POST", path, json=dict(wanted))["id"]), True


def _create_or_update(
    session: MetabaseSession,
    path: str,
    there: Sequence[Mapping[str, Any]],
    wanted: Mapping[str, Any],
    changes: ImportChanges,
) -> int:
    """Create the object, or update the one with its name; returns its id."""
    number, is_new = _find_or_create(session, path, there, wanted, changes)
    if not is_new:
        _update(session, f"{path}/{number}", wanted, changes)
    return number


def _update(session: MetabaseSession, place: str, wanted: Mapping[str, Any], changes: ImportChanges) -> None:
    is_unchanged = _contains(session.ask("GET", place), wanted)
    (changes.unchanged if is_unchanged else changes.updated).append(wanted["name"])
    session.ask("PUT", place, json=dict(wanted))


def _contains(there: Any, wanted: Any) -> bool:
    """Whether the server's object has all the wanted values; it never shows a password."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(
            key == "password" or _contains(there.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(there, list) and len(there) == len(wanted) and all(map(_contains, there, wanted))
    return bool(there == wanted)


def _permit(session: MetabaseSession, readers: Mapping[int, tuple[int, int]], root: int) -> None:
    """Let each group query its own connection and read its own collection, and all users neither."""
    groups = [ALL_USERS, *readers]

    def query_own(graph: dict[str, Any]) -> None:
        for group in groups:
            rights = graph["groups"].setdefault(str(group), {})
            for owner, (database, _) in readers.items():
                queries = "query-builder-and-native" if group == owner else "no"
                rights[str(database)] = {"view-data": "unrestricted", "create-queries": queries}

    def read_own(graph: dict[str, Any]) -> None:
        for group in groups:
            rights = graph["groups"].setdefault(str(group), {})
            rights[str(root)] = "none"
            for owner, (_, collection) in readers.items():
                rights[str(collection)] = "read" if group == owner else "none"

    session.change_graph("/api/permissions/graph", query_own)
    session.change_graph("/api/collection/graph", read_own)


def _dashboard(
    session: MetabaseSession,
    dashboard: Dashboard,
    metadata: Metadata,
    language: Language,
    database: int,
    collection: int,
    changes: ImportChanges,
) -> None:
    """Write the cards, the dashboard, then its list of dashcards, which `PUT` replaces as a whole."""
    there = session.listed(f"/api/collection/{collection}/items", models="card")
    cards = {
        chart.key: _create_or_update(
            session,
            "/api/card",
            there,
            card(dashboard, chart, metadata, language, database) | {"collection_id": collection},
            changes,
        )
        for chart in dashboard.charts
    }
    wanted = {
        "name": dashboard.title.of(language),
        "description": dashboard.question.of(language),
        "collection_id": collection,
        "parameters": parameters(dashboard, metadata, language),
    }
    boards = session.listed(f"/api/collection/{collection}/items", models="dashboard")
    number, is_new = _find_or_create(session, "/api/dashboard", boards, wanted, changes)
    place = f"/api/dashboard/{number}"
    placed = {found["card_id"]: found["id"] for found in session.ask("GET", place)["dashcards"]}
    whole = wanted | {"dashcards": _dashcards(dashboard, metadata, language, cards, placed)}
    if is_new:
        session.ask("PUT", place, json=whole)
    else:
        _update(session, place, whole, changes)


def _dashcards(
    dashboard: Dashboard,
    metadata: Metadata,
    language: Language,
    cards: Mapping[str, int],
    placed: Mapping[int | None, int],
) -> list[dict[str, Any]]:
    """Positions of the cards; a placed card keeps its id, a new one has a negative id."""
    found: list[dict[str, Any]] = []
    row = 0
    for charts in dashboard.rows():
        column, tallest = 0, 0
        for chart in charts:
            width, height = chart.width * GRID // COLUMNS, max(2, chart.height // _PIXELS)
            number = cards[chart.key]
            found.append(
                {
                    "id": placed.get(number, -1 - len(found)),
                    "card_id": number,
                    "row": row,
                    "col": column,
                    "size_x": width,
                    "size_y": height,
                    "parameter_mappings": parameter_mappings(dashboard, chart, metadata, number),
                    "visualization_settings": {"card.title": chart.title.of(language)},
                }
            )
            column, tallest = column + width, max(tallest, height)
        is_first, row = row == 0, row + tallest
        if is_first:
            found.append(_text(placed.get(None, -1 - len(found)), dashboard.introduction(language), row))
            row += NOTE_ROWS
    return found


def _text(number: int, text: str, row: int) -> dict[str, Any]:
    virtual = {"name": None, "display": "text", "visualization_settings": {}, "dataset_query": {}, "archived": False}
    return {
        "id": number,
        "card_id": None,
        "row": row,
        "col": 0,
        "size_x": GRID,
        "size_y": NOTE_ROWS,
        "parameter_mappings": [],
        "visualization_settings": {"virtual_card": virtual, "text": text},
    }


def _archive_others(
    session: MetabaseSession, dashboards: Sequence[Dashboard], collection: int, changes: ImportChanges, *, whole: bool
) -> None:
    """Archive cards and dashboards of the collection without a definition."""
    languages = LANGUAGES if whole else LANGUAGES[:1]
    wanted = {
        "dashboard": {dashboard.title.of(language) for dashboard in dashboards for language in languages},
        "card": {
            card_name(dashboard, chart, language)
            for dashboard in dashboards
            for chart in dashboard.charts
            for language in languages
        },
    }
    for kind, names in wanted.items():
        for found in session.listed(f"/api/collection/{collection}/items", models=kind):
            if found["name"] not in names:
                session.ask("PUT", f"/api/{kind}/{found['id']}", json={"archived": True})
                changes.removed.append(found["name"])
