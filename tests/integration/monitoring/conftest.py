"""A mailbox and a webhook that really receive, and a situation to look at."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from local_stack.ports import free_port
from social_metrics.monitoring.checks import find_alerts
from social_metrics.monitoring.situation import Situation
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import DEFAULT_REGISTRY, Settings
from tests.support.alert_situation import ACCOUNTS, NIGHT, ROLES, attempt, new_connection, run
from tests.support.receivers import Mailbox, Webhook


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        box.url = f"smtp://127.0.0.1:{port}"
        yield box
    finally:
        controller.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if hook.status == 200:
                hook.posts.append(body)
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook/secret-path"
    yield hook
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def situation(warehouse_url: str, tmp_path: Path, mailbox: Mailbox, webhook: Webhook) -> Situation:
    """An evening on which everything is well: both accounts were read."""
    shipped = load_registry(DEFAULT_REGISTRY)
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "roles.csv").write_text(ROLES)
    settings = Settings(
        registry_dir=folder,
        state_dir=tmp_path,
        smtp_url=mailbox.url,
        alert_webhook_url=webhook.url,
        airflow_health_url=None,
    )
    registry = Registry(shipped.platforms, shipped.centers, ACCOUNTS)
    situation = Situation(registry, settings, warehouse_url, NIGHT.astimezone(UTC), new_connection)
    for account in ACCOUNTS:
        attempt(situation, account.account_code, "captured", NIGHT - timedelta(hours=1))
    run(
        situation,
        "insert into ops.mart_builds (scope, reason, fingerprint, retention_as_of, finished_at)"
        " values ('everything', 'test', 'f', now(), now())",
    )
    assert find_alerts(situation) == []
    return situation
