"""Metabase's API as its OpenAPI paths and the issue's facts tell it: nothing is idempotent, nothing unknown is taken.

No Metabase server was run for this project; what this stub does not know, its client is not known to do rightly.
"""

import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Body = dict[str, Any]
Answer = tuple[int, Any]

NEEDED: Mapping[str, set[str]] = {
    "database": {"name", "engine", "details"},
    "collection": {"name"},
    "permissions/group": {"name"},
    "card": {"name", "display", "dataset_query", "visualization_settings"},
    "dashboard": {"name"},
}


class Metabase(ThreadingHTTPServer):
    """Keeps what it was given; `setup_token` is set until somebody has set it up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.setup_token: str | None = "token-of-the-first-start"
        self.administrator: Body = {}
        self.has: dict[str, dict[int, Body]] = {kind: {} for kind in NEEDED}
        self.has["permissions/group"] = {1: {"id": 1, "name": "All Users"}, 2: {"id": 2, "name": "Administrators"}}
        self.graphs: dict[str, Body] = {kind: {"revision": 1, "groups": {}} for kind in ("permissions", "collection")}
        self.stale = 0  # so many PUTs of a graph come too late
        self.asked: list[tuple[str, str]] = []
        self._next = 100

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def living(self, kind: str) -> list[Body]:
        """What is there and not archived."""
        return [found for found in self.has[kind].values() if not found.get("archived")]

    def number(self) -> int:
        """The next entry's."""
        self._next += 1
        return self._next

    def answer(
        self, method: str, path: str, parameters: Mapping[str, list[str]], body: Body, key: str | None
    ) -> Answer:
        """Status and JSON."""
        self.asked.append((method, path))
        if path == "/api/session/properties":
            return 200, {"setup-token": self.setup_token, "has-user-setup": self.setup_token is None}
        if (method, path) == ("POST", "/api/setup"):
            return self._set_up(body)
        if (method, path) == ("POST", "/api/session"):
            right = (body["username"], body["password"]) == (
                self.administrator.get("email"),
                self.administrator.get("password"),
            )
            return (200, {"id": "key"}) if right else (401, {"errors": {"password": "did not match stored password"}})
        if key != "key":
            return 401, "Unauthenticated"
        for pattern, serve in self._routes().items():
            if match := re.fullmatch(pattern, f"{method} {path}"):
                return serve(match, parameters, body)
        return 404, "API endpoint does not exist."

    def _routes(self) -> dict[str, Callable[[re.Match[str], Mapping[str, list[str]], Body], Answer]]:
        return {
            r"GET /api/(permissions|collection)/graph": lambda m, p, b: (200, self.graphs[m[1]]),
            r"PUT /api/(permissions|collection)/graph": lambda m, p, b: self._put_graph(m[1], b),
            r"GET /api/collection/(\d+)/items": lambda m, p, b: (200, {"data": self._items(int(m[1]), p["models"][0])}),
            r"GET /api/database": lambda m, p, b: (200, {"data": self.living("database")}),
            r"GET /api/(collection|permissions/group)": lambda m, p, b: (200, self.living(m[1])),
            r"GET /api/(database|card|dashboard)/(\d+)": lambda m, p, b: self._found(m[1], int(m[2])),
            r"POST /api/(database|collection|permissions/group|card|dashboard)": lambda m, p, b: self._post(m[1], b),
            r"PUT /api/(database|collection|card|dashboard)/(\d+)": lambda m, p, b: self._put(m[1], int(m[2]), b),
        }

    def _set_up(self, body: Body) -> Answer:
        if body["token"] != self.setup_token:
            return 403, "Token does not match the setup token."
        self.administrator, self.setup_token = body["user"], None
        return 200, {"id": "key"}

    def _items(self, collection: int, kind: str) -> list[Body]:
        return [found | {"model": kind} for found in self.living(kind) if found.get("collection_id") == collection]

    def _found(self, kind: str, number: int) -> Answer:
        found = self.has[kind].get(number)
        if found is None:
            return 404, "Not found."
        if kind == "database":  # to every caller: a password is never shown
            return 200, found | {"details": found["details"] | {"password": "**MetabasePass**"}}
        return 200, found

    def _post(self, kind: str, body: Body) -> Answer:
        if lacking := NEEDED[kind] - body.keys():
            return 400, {"errors": dict.fromkeys(lacking, "value must be given")}
        number = self.number()
        parent = body.get("parent_id")
        self.has[kind][number] = {"dashcards": []} | body | {"id": number}
        if kind == "collection":
            self.has[kind][number]["location"] = "/" if parent is None else f"/{parent}/"
        return 200, self.has[kind][number]

    def _put(self, kind: str, number: int, body: Body) -> Answer:
        if number not in self.has[kind]:
            return 404, "Not found."
        if "dashcards" in body:
            there = {dashcard["id"] for dashcard in self.has[kind][number]["dashcards"]}
            given = [dashcard["id"] for dashcard in body["dashcards"]]
            if len(given) != len(set(given)) or any(each > 0 and each not in there for each in given):
                return 400, "dashcard ids"
            body["dashcards"] = [
                dashcard | {"id": dashcard["id"] if dashcard["id"] > 0 else self.number()}
                for dashcard in body["dashcards"]
            ]
        self.has[kind][number] |= body
        return 200, self.has[kind][number]

    def _put_graph(self, kind: str, body: Body) -> Answer:
        if self.stale:
            self.stale -= 1
            self.graphs[kind]["revision"] += 1
        if body["revision"] != self.graphs[kind]["revision"]:
            return 409, "Looks like someone else edited the permissions and your data is out of date."
        self.graphs[kind] = {"revision": body["revision"] + 1, "groups": body["groups"]}
        return 200, self.graphs[kind]


class _Handler(BaseHTTPRequestHandler):
    server: Metabase

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        status, answer = self.server.answer(
            self.command,
            parts.path,
            parse_qs(parts.query),
            json.loads(body) if body else {},
            self.headers.get("X-Metabase-Session"),
        )
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server asks for
