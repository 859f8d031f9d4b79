"""The client against a server that answers as Superset 6.1 was seen to: what it sends, and what it removes."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from social_metrics.bi.superset import Provisioned, Superset
from social_metrics.bi.superset_bundle import OURS, chart_uuid
from social_metrics.settings import UsageProblem
from tests.unit.bi.test_definitions import load, metadata

URL = "postgresql://reader:s3cret@db.example/warehouse"


class Server(ThreadingHTTPServer):
    """Keeps what it has and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.has: dict[str, list[dict[str, Any]]] = {"dashboard": [], "chart": []}
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
        status, answer = 200, {"message": "OK"}
        if path == "/api/v1/security/login":
            given = json.loads(body)
            status, answer = (200, {"access_token": "t"}) if given["password"] == "right" else (401, {"message": "no"})
        elif path == "/api/v1/security/csrf_token/":
            answer = {"result": "csrf"}
        elif path == "/api/v1/assets/import/":
            status = self.server.import_status
            answer = {"message": "OK" if status == 200 else "Error importing: column x"}
        elif self.command == "GET":
            found: list[dict[str, Any]] = self.server.has[path.strip("/").split("/")[-1]]
            self._send(200, {"count": len(found), "result": found})
            return
        self._send(status, answer)

    def _send(self, status: int, answer: Any) -> None:
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server asks for


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def provision(server: Server, folder: Path) -> Provisioned:
    return Superset(server.url, "admin", "right").provision(load(folder), metadata(), URL)


def test_everything_is_new_on_an_empty_server(server: Server, tmp_path: Path) -> None:
    done = provision(server, tmp_path)
    assert done.created == ("papan", "papan-en", "papan-en.a", "papan-en.b", "papan.a", "papan.b")
    assert (done.updated, done.removed) == ((), ())
    (sent,) = [body for _, path, body in server.asked if path == "/api/v1/assets/import/"]
    assert b'{"databases/social_metrics.yaml": "s3cret"}' in sent


def test_only_ours_that_git_no_longer_has_is_removed(server: Server, tmp_path: Path) -> None:
    (dashboard,) = load(tmp_path)
    kept = chart_uuid(dashboard, dashboard.charts[0], "id")
    server.has["dashboard"] = [
        {"id": 1, "slug": "papan", "certified_by": OURS},
        {"id": 2, "slug": "lama", "certified_by": OURS},
        {"id": 3, "slug": "orang-lain", "certified_by": "somebody"},
    ]
    server.has["chart"] = [
        {"id": 7, "uuid": kept, "slice_name": "A", "certified_by": OURS},
        {"id": 8, "uuid": "gone", "slice_name": "Dulu", "certified_by": OURS},
        {"id": 9, "uuid": "theirs", "slice_name": "Lain", "certified_by": None},
    ]
    done = provision(server, tmp_path)
    assert done.removed == ("lama", "Dulu")
    assert done.updated == ("papan", "papan.a")
    deleted = [path for method, path, _ in server.asked if method == "DELETE"]
    assert deleted == ["/api/v1/dashboard/2", "/api/v1/chart/8"]


def test_a_refused_import_removes_nothing_and_says_why(server: Server, tmp_path: Path) -> None:
    server.import_status = 422
    server.has["dashboard"] = [{"id": 2, "slug": "lama", "certified_by": OURS}]
    with pytest.raises(UsageProblem, match="Error importing: column x"):
        provision(server, tmp_path)
    assert all(method != "DELETE" for method, _, _ in server.asked)


def test_a_wrong_password_is_said(server: Server) -> None:
    with pytest.raises(UsageProblem, match="refuses the login"):
        Superset(server.url, "admin", "wrong")


def test_a_server_that_does_not_answer_is_said() -> None:
    with pytest.raises(UsageProblem, match="does not answer"):
        Superset("http://127.0.0.1:9", "admin", "right")
