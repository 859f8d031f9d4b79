"""A logged-in session with a Metabase server."""

from collections.abc import Callable
from typing import Any

import requests

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.server_session import ServerSession

GRAPH_TRIES = 5
"""A permission graph has a revision: a change by another client in between makes ours stale."""


class MetabaseSession(ServerSession):
    """A session with one server; a new server is set up with this administrator, whose user is an e-mail address."""

    tool = "Metabase"
    seconds = 60
    may_be_silent = True

    def __init__(self, url: str, user: str, password: str) -> None:
        """Set the server up, or log in."""
        super().__init__(url)
        properties = self.ask("GET", "/api/session/properties")
        token = properties.get("setup-token")
        if token and not properties.get("has-user-setup"):
            person = {"first_name": "Tim", "last_name": "data", "email": user, "password": password}
            preferences = {"site_name": "Social metrics", "site_locale": "id", "allow_tracking": False}
            key = self.ask("POST", "/api/setup", json={"token": token, "user": person, "prefs": preferences})["id"]
        else:
            key = self.ask("POST", "/api/session", json={"username": user, "password": password})["id"]
        self._session.headers["X-Metabase-Session"] = str(key)

    def listed(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        """A list; some endpoints wrap it in `data`."""
        answer: Any = self.ask("GET", path, params=parameters)
        return list(answer["data"]) if isinstance(answer, dict) else list(answer)

    def change_graph(self, path: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a permission graph; after a conflict read it again and retry.

        Args:
            path: `/api/permissions/graph` or `/api/collection/graph`.
            change: sets the wanted rights in the graph.
        """
        for _ in range(GRAPH_TRIES):
            graph = self.ask("GET", path)
            change(graph)
            response = self.raw("PUT", path, json=graph)
            if response.status_code != requests.codes.conflict:
                self.refuse(response, "PUT", path)
                return
        raise UsageProblem(f"{path} of Metabase at {self.url} is changed by others all the time. Try again later.")
