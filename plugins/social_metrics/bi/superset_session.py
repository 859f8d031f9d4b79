"""A logged-in session with a Superset server: what it answers, and in plain words what it does not."""

from typing import Any

import requests

from social_metrics.settings import UsageProblem

IMPORT_SECONDS = 120
_PAGE = 100


class SupersetSession:
    """A logged-in session with one server.

    Args:
        url: of the server, such as http://127.0.0.1:8088.
        user: a login of it.
        password: its password.

    Raises:
        UsageProblem: it does not answer, or refuses the login.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in."""
        self.url = url.rstrip("/")
        self._session = requests.Session()
        # Gunicorn hangs up after two idle seconds; a request sent at that moment would be lost.
        self._session.headers["Connection"] = "close"
        login = {"username": user, "password": password, "provider": "db", "refresh": False}
        token = self.ask("POST", "/api/v1/security/login", json=login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["X-CSRFToken"] = self.ask("GET", "/api/v1/security/csrf_token/")["result"]
        self._session.headers["Referer"] = self.url

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every entry of a resource, such as `dashboard`, over all its pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // _PAGE
            answer = self.ask("GET", f"/api/v1/{kind}/", params={"q": f"(page:{page},page_size:{_PAGE})"})
            found += answer["result"]
            if len(found) >= answer["count"] or not answer["result"]:
                return found

    def ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The server's answer to one request.

        Raises:
            UsageProblem: it does not answer, or refuses; what it says is in the sentence.
        """
        response = self.raw(method, path, **more)
        if response.status_code == requests.codes.unauthorized:
            raise UsageProblem(f"Superset at {self.url} refuses the login: check the user and its password.")
        if not response.ok:
            raise UsageProblem(
                f"Superset at {self.url} refused {method} {path} (HTTP {response.status_code}): {response.text[:2000]}"
            )
        try:
            answer: dict[str, Any] = response.json()
        except ValueError as error:
            raise UsageProblem(f"{self.url} answers {path}, but not as Superset does: check the address.") from error
        return answer

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        """The server's answer as it is, refusals included.

        Raises:
            UsageProblem: it does not answer.
        """
        try:
            return self._session.request(method, self.url + path, timeout=IMPORT_SECONDS, **more)
        except requests.RequestException as error:
            raise UsageProblem(f"Superset at {self.url} does not answer ({type(error).__name__}).") from error
