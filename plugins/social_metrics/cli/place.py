"""Where a command works: the warehouse of the environment, or, in a bare shell, the demo's.

After `make demo` a shell without any variable set can ask `social-metrics top`: the demo's PostgreSQL is
started for the command when it does not run, and stopped again.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.layout import Layout
from social_metrics.cli.console import notices
from social_metrics.errors import UsageProblem
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import WAREHOUSE_CONN_ID, warehouse_url

WAREHOUSE_VARIABLE = f"AIRFLOW_CONN_{WAREHOUSE_CONN_ID.upper()}"
LOCK_SECONDS = 10
POLL_SECONDS = 0.1


@contextmanager
def warehouse() -> Iterator[str]:
    """The address (postgresql://…) of the warehouse to work on.

    Inside the block the environment is complete: of the caller's making, or the demo's.

    Raises:
        UsageProblem: neither is there, or the demo's cannot be started.
    """
    with _demo_environment():
        yield warehouse_url()


@contextmanager
def _demo_environment() -> Iterator[None]:
    settings = load_settings()
    layout = Layout(settings.state_dir.resolve())
    if os.environ.get(WAREHOUSE_VARIABLE, "").strip() or not layout.secret("warehouse-login").exists():
        yield
        return
    from local_stack.local_stack import LocalStack  # its parts take half a second to import

    notices().print(
        f"{WAREHOUSE_VARIABLE} is not set: using the demo's warehouse in {_short(layout.state)}.", style="dim"
    )
    with _lock(layout):
        stack = LocalStack(layout, settings)
        embedded = EmbeddedPostgres(layout.postgres)
        was_running = settings.postgres_url is not None or embedded.pid is not None
        shell = dict(os.environ)
        try:
            environment = stack.environment(stack.start_database())
            os.environ.clear()
            os.environ.update(environment)
            yield
        finally:
            os.environ.clear()
            os.environ.update(shell)
            if not was_running:
                embedded.stop()


@contextmanager
def _lock(layout: Layout) -> Iterator[None]:
    """Nobody else starts or stops the stack meanwhile; the same lock as `make demo` takes."""
    deadline = time.monotonic() + LOCK_SECONDS
    with (layout.state / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise UsageProblem(
                        f"Another command is at work in {_short(layout.state)}: wait for it, "
                        f"or set {WAREHOUSE_VARIABLE}."
                    ) from error
                time.sleep(POLL_SECONDS)
        yield


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
