"""Imports the dashboards into a Metabase server (open edition): one collection and one connection for each reader.

The open edition has neither an import nor row security. So each center gets a connection with the center's login and
its own dashboards; leadership sees all rows, in both languages. Objects are found by name in our collections, since no
endpoint is idempotent; cards and dashboards without a definition are archived.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
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
    server = _Import(session, dashboards, metadata, ImportChanges())
    root = server.collection(ROOT, None)
    readers: dict[int, tuple[int, int]] = {}  # group → its connection and its collection
    for login in logins:
        name = login.center_code or LEADERSHIP
        on_reader()
        database = server.database(login, f"{ROOT}: {name}", warehouse_url)
        group = server.group(f"{ROOT}: {name}")
        collection = server.collection(name, root)
        readers[group] = (database, collection)
        _permit(session, readers, root)  # before the first card exists
        server.fill(collection, database, LANGUAGES if login.center_code is None else LANGUAGES[:1])
    return server.changes


@dataclass(frozen=True)
class _Import:
    """One import into a server, and what it has changed so far."""

    session: MetabaseSession
    dashboards: Sequence[Dashboard]
    metadata: Metadata
    changes: ImportChanges

    def database(self, login: ReadingLogin, name: str, warehouse_url: str) -> int:
        """The connection of a login."""
        parts = urlsplit(warehouse_url)
        details = {
            "host": parts.hostname,
            "port": parts.port or 5432,
            "dbname": unquote(parts.path.lstrip("/")),
            "user": login.name,
            "password": login.password,
            "ssl": False,
            "schema-filters-type": "inclusion",
            "schema-filters-patterns": SCHEMA,
        }
        wanted = {"name": name, "engine": "postgres", "details": details}
        return self._create_or_update("/api/database", self.session.listed("/api/database"), wanted)

    def collection(self, name: str, parent: int | None) -> int:
        """The collection of that name below another."""
        location = "/" if parent is None else f"/{parent}/"
        there = [found for found in self.session.listed("/api/collection") if found.get("location") == location]
        return self._find_or_create("/api/collection", there, {"name": name, "parent_id": parent})[0]

    def group(self, name: str) -> int:
        """The group of that name."""
        path = "/api/permissions/group"
        return self._find_or_create(path, self.session.listed(path), {"name": name})[0]

    def fill(self, collection: int, database: int, languages: Sequence[Language]) -> None:
        """Write the dashboards into a collection, and archive cards and dashboards without a definition."""
        wanted: dict[str, set[str]] = {"dashboard": set(), "card": set()}
        for language, dashboard in product(languages, self.dashboards):
            self._dashboard(dashboard, language, database, collection)
            wanted["dashboard"].add(dashboard.title.of(language))
            wanted["card"] |= {card_name(dashboard, chart, language) for chart in dashboard.charts}
        for kind, names in wanted.items():
            for found in self._items(collection, kind):
                if found["name"] not in names:
                    self.session.ask("PUT", f"/api/{kind}/{found['id']}", json={"archived": True})
                    self.changes.removed.append(found["name"])

    def _items(self, collection: int, kind: str) -> list[dict[str, Any]]:
        return self.session.listed(f"/api/collection/{collection}/items", models=kind)

    def _dashboard(self, dashboard: Dashboard, language: Language, database: int, collection: int) -> None:
        """Write the cards, the dashboard, then its list of dashcards, which `PUT` replaces as a whole."""
        there, cards = self._items(collection, "card"), {}
        for chart in dashboard.charts:
            body = card(dashboard, chart, self.metadata, language, database) | {"collection_id": collection}
            cards[chart.key] = self._create_or_update("/api/card", there, body)
        wanted = {
            "name": dashboard.title.of(language),
            "description": dashboard.question.of(language),
            "collection_id": collection,
            "parameters": parameters(dashboard, self.metadata, language),
        }
        number, is_new = self._find_or_create("/api/dashboard", self._items(collection, "dashboard"), wanted)
        place = f"/api/dashboard/{number}"
        placed = {found["card_id"]: found["id"] for found in self.session.ask("GET", place)["dashcards"]}
        whole = wanted | {"dashcards": _dashcards(dashboard, self.metadata, language, cards, placed)}
        if is_new:
            self.session.ask("PUT", place, json=whole)
        else:
            self._update(place, whole)

    def _find_or_create(
        self, path: str, there: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]
    ) -> tuple[int, bool]:
        """The id of the object with the name, created where there is none; and whether it was created."""
        for found in there:
            if found["name"] == wanted["name"]:
                return int(found["id"]), False
        self.changes.created.append(wanted["name"])
        return int(self.session.ask("POST", path, json=dict(wanted))["id"]), True

    def _create_or_update(self, path: str, there: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> int:
        """Create the object, or update the one with its name; returns its id."""
        number, is_new = self._find_or_create(path, there, wanted)
        if not is_new:
            self._update(f"{path}/{number}", wanted)
        return number

    def _update(self, place: str, wanted: Mapping[str, Any]) -> None:
        is_unchanged = _contains(self.session.ask("GET", place), wanted)
        (self.changes.unchanged if is_unchanged else self.changes.updated).append(wanted["name"])
        self.session.ask("PUT", place, json=dict(wanted))


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
    virtual: dict[str, Any] = {
        "name": None,
        "display": "text",
        "visualization_settings": {},
        "dataset_query": {},
        "archived": False,
    }
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
