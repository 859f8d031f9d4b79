"""A logged-in session with a Superset server."""

from typing import Any

from social_metrics.publish.bi.server_session import ServerSession

_PAGE = 100


class SupersetSession(ServerSession):
    """A logged-in session with one server, such as http://127.0.0.1:8088."""

    tool = "Superset"
    seconds = 120  # an import takes its time

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in."""
        super().__init__(url)
        # Gunicorn closes a connection after two idle seconds; a request sent at that moment would fail.
        self._session.headers["Connection"] = "close"
        login = {"username": user, "password": password, "provider": "db", "refresh": False}
        token = self.ask("POST", "/api/v1/security/login", json=login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["X-CSRFToken"] = self.ask("GET", "/api/v1/security/csrf_token/")["result"]
        self._session.headers["Referer"] = self.url

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All entries of a resource, such as `dashboard`, over all its pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // _PAGE
            answer = self.ask("GET", f"/api/v1/{kind}/", params={"q": f"(page:{page},page_size:{_PAGE})"})
            found += answer["result"]
            if len(found) >= answer["count"] or not answer["result"]:
                return found
