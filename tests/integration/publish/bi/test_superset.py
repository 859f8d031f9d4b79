"""The client against a server that answers as Superset 6.1 was seen to: what it sends, and what it removes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.import_changes import ImportChanges
from social_metrics.publish.bi.superset import provision as superset
from social_metrics.publish.bi.superset.access import NO_ROWS_RULE
from social_metrics.publish.bi.superset.bundle import DATABASE, OURS, assets, chart_uuid, identity
from social_metrics.publish.bi.superset.session import SupersetSession
from tests.integration.publish.bi.serving import serving
from tests.support.bi_definitions import load, metadata

URL = "postgresql://reader:s3cret@db.example/warehouse"


class Server(ThreadingHTTPServer):
    """Keeps what it has and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.has: dict[str, list[dict[str, Any]]] = {
            "dashboard": [],
            "chart": [],
            "dataset": [
                {"id": 31, "uuid": identity("dataset", "fct_days", "id")},
                {"id": 32, "uuid": identity("dataset", "fct_days", "en")},
            ],
            "database": [{"id": 4, "database_name": "others"}, {"id": 5, "database_name": DATABASE}],
            "security/roles": [{"id": 1, "name": "Admin"}],
            "security/permissions-resources": [
                {"id": 90, "permission": {"name": "database_access"}, "view_menu": {"name": "[others].(id:4)"}},
                {"id": 91, "permission": {"name": "database_access"}, "view_menu": {"name": f"[{DATABASE}].(id:5)"}},
            ],
            "rowlevelsecurity": [],
        }
        self.asked: list[tuple[str, str, bytes]] = []
        self.import_status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        self.server.asked.append((self.command, path, body))
        status = 200
        answer: dict[str, Any] = {"message": "OK"}
        if path == "/api/v1/security/login":
            given = json.loads(body)
            status, answer = (200, {"access_token": "t"}) if given["password"] == "right" else (401, {"message": "no"})
        elif path == "/api/v1/security/csrf_token/":
            answer = {"result": "csrf"}
        elif path == "/api/v1/assets/import/":
            status = self.server.import_status
            answer = {"message": "OK" if status == 200 else "Error importing: column x"}
        elif path.endswith("/permissions/"):
            answer = {"result": [{"id": 50}]}
        elif self.command == "GET":
            found = self.server.has[path.removeprefix("/api/v1/").strip("/")]
            answer = {"count": len(found), "result": found}
        elif path == "/api/v1/security/roles/":
            answer = {"id": 70 + len(self.server.has["security/roles"])}
            self.server.has["security/roles"].append({"name": json.loads(body)["name"], **answer})
        self._send(status, answer)

    def _send(self, status: int, answer: Any) -> None:
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server asks for


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


def provision(server: Server, folder: Path) -> ImportChanges:
    session = SupersetSession(server.url, "admin", "right")
    return superset.provision(session, load(folder), metadata(), URL, ["a", "b-c"])


def test_everything_is_new_on_an_empty_server(server: Server, tmp_path: Path) -> None:
    done = provision(server, tmp_path)
    assert done.created[:6] == ["papan", "papan-en", "papan-en.a", "papan-en.b", "papan.a", "papan.b"]
    assert done.created[6:9] == ["social-metrics pimpinan", "social-metrics sentra a", "social-metrics sentra b-c"]
    assert (done.updated, done.removed) == ([], [])
    (sent,) = [body for _, path, body in server.asked if path == "/api/v1/assets/import/"]
    assert b'{"databases/social_metrics.yaml": "s3cret"}' in sent


def test_only_ours_that_git_no_longer_has_is_removed(server: Server, tmp_path: Path) -> None:
    (dashboard,) = load(tmp_path)
    kept = chart_uuid(dashboard, dashboard.charts[0], "id")
    server.has["dashboard"] = [
        {"id": 1, "slug": "papan", "certified_by": OURS, "certification_details": "definition of yesterday"},
        {"id": 2, "slug": "lama", "certified_by": OURS},
        {"id": 3, "slug": "orang-lain", "certified_by": "somebody"},
    ]
    server.has["chart"] = [
        {"id": 7, "uuid": kept, "slice_name": "A", "certified_by": OURS},
        {"id": 8, "uuid": "gone", "slice_name": "Dulu", "certified_by": OURS},
        {"id": 9, "uuid": "theirs", "slice_name": "Lain", "certified_by": None},
    ]
    done = provision(server, tmp_path)
    assert done.removed == ["lama", "Dulu"]
    assert done.updated == ["papan", "papan.a"]
    deleted = [path for method, path, _ in server.asked if method == "DELETE"]
    assert deleted == ["/api/v1/dashboard/2", "/api/v1/chart/8"]


def test_unchanged_and_updated_objects_are_recorded_separately(server: Server, tmp_path: Path) -> None:
    definitions = assets(load(tmp_path), metadata())
    board, chart = definitions["dashboards/papan.yaml"], definitions["charts/papan_a.yaml"]
    server.has["dashboard"] = [{"id": 1, **board}]
    server.has["chart"] = [{"id": 7, **chart}]
    server.has["security/roles"] = [{"id": 70, "name": "social-metrics sentra a"}]
    rule = {"filter_type": "Regular", "tables": [{"id": 31}, {"id": 32}], "roles": [{"id": 70}]}
    server.has["rowlevelsecurity"] = [
        {"id": 11, "name": "social-metrics sentra a", "clause": "center_code = 'a'", **rule},
        {"id": 12, "name": "social-metrics sentra b-c", "clause": "1 = 1", **rule},
    ]
    done = provision(server, tmp_path)
    assert done.unchanged == ["papan", "papan.a", "rule social-metrics sentra a"]
    assert done.updated == ["rule social-metrics sentra b-c"]


def test_a_definition_changes_with_its_dataset(tmp_path: Path) -> None:
    known = metadata()
    column = replace(known.marts["fct_days"].columns["center_code"], data_type="varchar")
    mart = replace(known.marts["fct_days"], columns=known.marts["fct_days"].columns | {"center_code": column})
    now = assets(load(tmp_path), replace(known, marts=known.marts | {mart.name: mart}))
    before = assets(load(tmp_path), known)
    moved = {path for path, content in now.items() if content != before[path]}
    assert "charts/papan_a.yaml" in moved
    assert "dashboards/papan.yaml" not in moved


def test_a_refused_import_removes_nothing_and_says_why(server: Server, tmp_path: Path) -> None:
    server.import_status = 422
    server.has["dashboard"] = [{"id": 2, "slug": "lama", "certified_by": OURS}]
    with pytest.raises(UsageProblem, match="Error importing: column x"):
        provision(server, tmp_path)
    assert all(method != "DELETE" for method, _, _ in server.asked)


def test_a_wrong_password_is_said(server: Server) -> None:
    with pytest.raises(UsageProblem, match="refuses the login"):
        SupersetSession(server.url, "admin", "wrong")


def test_a_server_that_does_not_answer_is_said() -> None:
    with pytest.raises(UsageProblem, match="does not answer"):
        SupersetSession("http://127.0.0.1:9", "admin", "right")


def sent(server: Server, method: str, resource: str) -> list[tuple[str, Any]]:
    """Bodies that were sent to a resource, with the path."""
    asked = [(path, body) for how, path, body in server.asked if how == method and resource in path]
    return [(path, json.loads(body) if body else None) for path, body in asked]


def test_each_center_has_a_rule_for_its_rows_and_may_ask_the_database(server: Server, tmp_path: Path) -> None:
    provision(server, tmp_path)
    roles = {role["name"]: role["id"] for role in server.has["security/roles"]}
    rules = [rule for _, rule in sent(server, "POST", "rowlevelsecurity")]
    assert [(rule["clause"], rule["roles"], rule["tables"]) for rule in rules] == [
        ("center_code = 'a'", [roles["social-metrics sentra a"]], [31, 32]),
        ("center_code = 'b-c'", [roles["social-metrics sentra b-c"]], [31, 32]),
    ]
    permitted = sent(server, "POST", "permissions")
    assert [body for _, body in permitted] == [{"permission_view_menu_ids": [50, 91]}] * 3


def test_rules_are_looked_up_by_name_and_those_of_the_past_go(server: Server, tmp_path: Path) -> None:
    server.has["rowlevelsecurity"] = [
        {"id": 11, "name": "social-metrics sentra a"},
        {"id": 12, "name": "social-metrics sentra tutup"},
        {"id": 13, "name": "aturan orang lain"},
        {"id": 14, "name": NO_ROWS_RULE},
    ]
    done = provision(server, tmp_path)
    assert [path for path, _ in sent(server, "PUT", "rowlevelsecurity")] == ["/api/v1/rowlevelsecurity/11"]
    assert [rule["name"] for _, rule in sent(server, "POST", "rowlevelsecurity")] == ["social-metrics sentra b-c"]
    deleted = [path for method, path, _ in server.asked if method == "DELETE"]
    assert sorted(deleted) == ["/api/v1/rowlevelsecurity/12", "/api/v1/rowlevelsecurity/14"]
    assert set(done.removed) == {"rule social-metrics sentra tutup", f"rule {NO_ROWS_RULE}"}
