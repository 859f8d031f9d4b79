"""The real Superset on the real marts of a demo run, in a folder of the tests' own: `make test-superset`.

It takes minutes and 640 MB, so `make test` does not collect these tests. SOCIAL_METRICS_TEST_SUPERSET_STATE names a
state folder in which a stack with Superset runs already; it is left as it is.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.settings import Settings
from tests.e2e.superset.running import MINUTES_SECONDS, Running, stack_environment
from tests.support.superset_pages import TALL, chromium, log_in

ASKED_FOR = "SOCIAL_METRICS_TEST_SUPERSET"
STATE = "SOCIAL_METRICS_TEST_SUPERSET_STATE"
DAYS = 40

if not os.environ.get(ASKED_FOR):
    collect_ignore_glob = ["test_*.py"]


def _stack(state: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "local_stack", *arguments]
    done = subprocess.run(
        command,
        env=stack_environment(state),
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
