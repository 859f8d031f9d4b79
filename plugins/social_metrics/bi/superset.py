"""Bring the dashboards to a Superset server by its REST API: twice without harm, and nothing of others is touched."""

import json
from dataclasses import dataclass
from typing import Any

import requests

from social_metrics.bi.definitions import LANGUAGES, Dashboard
from social_metrics.bi.metadata import Metadata
from social_metrics.bi.superset_bundle import DATABASE_FILE, OURS, bundle, chart_uuid, password_of, slug
from social_metrics.settings import UsageProblem

IMPORT_SECONDS = 120
_PAGE = 100


@dataclass(frozen=True)
class Provisioned:
    """What a server got: names of dashboards and charts, with the language."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]


class Superset:
    """A logged-in session with one server.

    Args:
        url: of the server, such as http://127.0.0.1:8088.
        user: a login that may import assets (Admin).
        password: its password.

    Raises:
        UsageProblem: it does not answer, or refuses the login.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in."""
        self.url = url.rstrip("/")
        self._session = requests.Session()
        login = {"username": user, "password": password, "provider": "db", "refresh": False}
        token = self._ask("POST", "/api/v1/security/login", json=login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["X-CSRFToken"] = self._ask("GET", "/api/v1/security/csrf_token/")["result"]
        self._session.headers["Referer"] = self.url

    def provision(self, dashboards: list[Dashboard], metadata: Metadata, warehouse_url: str) -> Provisioned:
        """Import the dashboards, and remove what an earlier import of ours made and the definitions no longer have.

        Raises:
            UsageProblem: the server refuses; what it says is in the sentence. An import is whole or not at all.
        """
        wanted_dashboards = {slug(dashboard, language) for dashboard in dashboards for language in LANGUAGES}
        wanted_charts = {
            chart_uuid(dashboard, chart, language): f"{slug(dashboard, language)}.{chart.key}"
            for dashboard in dashboards
            for chart in dashboard.charts
            for language in LANGUAGES
        }
        before_dashboards, before_charts = self._ours("dashboard"), self._ours("chart")
        self._ask(
            "POST",
            "/api/v1/assets/import/",
            files={"bundle": ("bundle.zip", bundle(dashboards, metadata, warehouse_url), "application/zip")},
            data={"passwords": json.dumps({DATABASE_FILE: password_of(warehouse_url)})},
        )
        removed = []
        for found in before_dashboards:
            if found["slug"] not in wanted_dashboards:
                self._ask("DELETE", f"/api/v1/dashboard/{found['id']}")
                removed.append(str(found["slug"]))
        for found in before_charts:
            if found["uuid"] not in wanted_charts:
                self._ask("DELETE", f"/api/v1/chart/{found['id']}")
                removed.append(str(found["slice_name"]))
        there = {found["slug"] for found in before_dashboards}
        there |= {wanted_charts.get(found["uuid"]) for found in before_charts}
        wanted = sorted(wanted_dashboards | set(wanted_charts.values()))
        return Provisioned(
            created=tuple(name for name in wanted if name not in there),
            updated=tuple(name for name in wanted if name in there),
            removed=tuple(removed),
        )

    def _ours(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = len(found) // _PAGE
            answer = self._ask("GET", f"/api/v1/{kind}/", params={"q": f"(page:{page},page_size:{_PAGE})"})
            found += answer["result"]
            if len(found) >= answer["count"] or not answer["result"]:
                return [entry for entry in found if entry["certified_by"] == OURS]

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            response = self._session.request(method, self.url + path, timeout=IMPORT_SECONDS, **more)
        except requests.RequestException as error:
            raise UsageProblem(f"Superset at {self.url} does not answer ({type(error).__name__}).") from error
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
