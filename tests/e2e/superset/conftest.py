"""The real Superset on the real marts of a demo run, in a folder of the tests' own: `make test-superset`.

It takes minutes and 640 MB, so `make test` does not collect these tests. SOCIAL_METRICS_TEST_SUPERSET_STATE names a
state folder in which a stack with Superset runs already; it is left as it is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext
from psycopg.rows import dict_row

from local_stack.databases import BI_LOGIN
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.publish.bi.logins import reading_login
from social_metrics.publish.bi.superset.session import SupersetSession
from social_metrics.settings import Settings
from tests.support.superset_pages import TALL, chromium, log_in

ASKED_FOR = "SOCIAL_METRICS_TEST_SUPERSET"
STATE = "SOCIAL_METRICS_TEST_SUPERSET_STATE"
DAYS = 40
MINUTES_SECONDS = 1200

if not os.environ.get(ASKED_FOR):
    collect_ignore_glob = ["test_*.py"]


@dataclass(frozen=True)
class Running:
    """A stack with Superset, and how to ask it."""

    state: Path
    url: str
    warehouse_url: str = field(repr=False)

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return Layout(self.state)

    def session(self, user: str = "admin", password: str | None = None) -> SupersetSession:
        """Superset's API as one user."""
        return SupersetSession(self.url, user, password or self.admin_password)

    @property
    def admin_password(self) -> str:
        """Of Superset's administrator."""
        return self.layout.secret("superset-admin").read_text(encoding="utf-8")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the warehouse answers leadership."""
        login = reading_login(BI_LOGIN, self.login_key)
        with psycopg.connect(login.url(self.warehouse_url), row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    @property
    def login_key(self) -> str:
        """From which the logins' passwords come."""
        return self.layout.secret("bi-login-key").read_text(encoding="utf-8")

    def provision(self) -> dict[str, list[str]]:
        """`social-metrics bi provision`, once more; what it says of itself."""
        environment = _environment(self.state) | {
            "SOCIAL_METRICS_REGISTRY_DIR": str(self.layout.registry),
            "SOCIAL_METRICS_BI_PASSWORD": self.admin_password,
            "SOCIAL_METRICS_BI_WAREHOUSE_URL": self.warehouse_url,
            "SOCIAL_METRICS_BI_LOGIN_KEY": self.login_key,
        }
        program = str(Path(sys.executable).with_name("social-metrics"))
        command = [program, "bi", "provision", "--url", self.url, "--format", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=MINUTES_SECONDS)
        assert done.returncode == 0, done.stderr
        said: dict[str, list[str]] = json.loads(done.stdout)
        return said


def _environment(state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SOCIAL_METRICS_"))}
    return kept | {"SOCIAL_METRICS_STATE_DIR": str(state)}


def _stack(state: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "local_stack", *arguments]
    done = subprocess.run(
        command,
        env=_environment(state),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MINUTES_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """From nothing: a demo run, then Superset beside its warehouse."""
    given = os.environ.get(STATE)
    state = Path(given) if given else tmp_path_factory.mktemp("demo")
    try:
        if not given:
            _stack(state, "demo", "--days", str(DAYS))
            _stack(state, "superset")
        stack = LocalStack(Layout(state), Settings(state_dir=state))
        url = f"http://127.0.0.1:{stack.layout.port('superset').read_text(encoding='utf-8')}"
        yield Running(state, url, stack.start_database().warehouse_url)
    finally:
        if not given:
            _stack(state, "down")


@pytest.fixture(scope="session")
def dashboards(repository: Path) -> list[Dashboard]:
    """The definitions."""
    return load_dashboards(repository / "bi" / "dashboards")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """See `chromium`."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def logged_in(running: Running, browser: Browser) -> Iterator[BrowserContext]:
    """Superset's administrator, in a window tall enough for every chart."""
    context = log_in(browser, running.url, running.admin_password, TALL)
    yield context
    context.close()
