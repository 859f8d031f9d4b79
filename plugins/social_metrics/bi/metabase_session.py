"""A logged-in session with a Metabase server; nothing there is idempotent, so everything is looked up first."""

from collections.abc import Callable
from typing import Any

import requests

from social_metrics.settings import UsageProblem

SECONDS = 60
GRAPH_TRIES = 5
"""A permission graph carries a revision: whoever changes it in between makes ours stale."""


class MetabaseSession:
    """A session with one server; a server that nobody has set up yet is set up with this administrator.

    Args:
        url: of the server, such as http://127.0.0.1:3000.
        user: the administrator's e-mail address.
        password: its password.

    Raises:
        UsageProblem: it does not answer, or refuses the login.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        """Set the server up, or log in."""
        self.url = url.rstrip("/")
        self._session = requests.Session()
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
        """A list, whether the server wraps it in `data` or not."""
        answer: Any = self.ask("GET", path, params=parameters)
        return list(answer["data"]) if isinstance(answer, dict) else list(answer)

    def change_graph(self, path: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a permission graph in place; again from the start when somebody else was faster.

        Args:
            path: `/api/permissions/graph` or `/api/collection/graph`.
            change: sets what is wanted in the graph that it is given.
        """
        for _ in range(GRAPH_TRIES):
            graph = self.ask("GET", path)
            change(graph)
            if self._send("PUT", path, json=graph).status_code != requests.codes.conflict:
                return
        raise UsageProblem(f"{path} of Metabase at {self.url} is changed by others all the time: try again later.")

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The server's answer.

        Raises:
            UsageProblem: it does not answer, or refuses; what it says is in the sentence.
        """
        response = self._send(method, path, **more)
        if response.status_code == requests.codes.no_content or not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise UsageProblem(f"{self.url} answers {path}, but not as Metabase does: check the address.") from error

    def _send(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            response = self._session.request(method, self.url + path, timeout=SECONDS, **more)
        except requests.RequestException as error:
            raise UsageProblem(f"Metabase at {self.url} does not answer ({type(error).__name__}).") from error
        if response.status_code == requests.codes.unauthorized:
            raise UsageProblem(f"Metabase at {self.url} refuses the login: check the user and its password.")
        if not response.ok and response.status_code != requests.codes.conflict:
            said = response.text[:2000]
            raise UsageProblem(f"Metabase at {self.url} refused {method} {path} (HTTP {response.status_code}): {said}")
        return response
