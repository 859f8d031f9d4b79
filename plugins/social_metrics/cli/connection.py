"""The warehouse that a command works on: the one of the environment, or, where none is set, the demo's.

`make demo` leaves its PostgreSQL running and writes the environment of its programs to `.demo/env`, so that a shell
without any variable can ask questions afterwards. Commands that change or keep a warehouse never use the demo.
"""

import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from social_metrics.cli.console import notices
from social_metrics.errors import UsageProblem
from social_metrics.settings import environment_variables, load_settings
from social_metrics.warehouse.connect import WAREHOUSE_CONN_ID, warehouse_url

WAREHOUSE_VARIABLE = f"AIRFLOW_CONN_{WAREHOUSE_CONN_ID.upper()}"
CONNECT_SECONDS = 5


@contextmanager
def warehouse(*, explicit: bool = False) -> Iterator[str]:
    """Yield the URL (postgresql://…) of the warehouse; inside the block the environment is complete.

    Args:
        explicit: True for commands that change or keep a warehouse: they need a connection of their own.

    Raises:
        UsageProblem: no connection is set and there is no demo to ask, or the demo's PostgreSQL does not run.
    """
    file = load_settings().state_dir / "env"
    if explicit or os.environ.get(WAREHOUSE_VARIABLE, "").strip() or not file.exists():
        yield warehouse_url()
        return
    with environment_variables(_variables(file)):
        url = warehouse_url()
        _refuse_stopped_demo(url, file)
        notices().print(
            f"{WAREHOUSE_VARIABLE} is not set: the answer comes from the demo ({_short(file)}).", style="dim"
        )
        yield url


def _variables(file: Path) -> dict[str, str]:
    lines = shlex.split(file.read_text(encoding="utf-8"))
    return dict(line.split("=", 1) for line in lines)


def _refuse_stopped_demo(url: str, file: Path) -> None:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 5432), CONNECT_SECONDS).close()
    except OSError as error:
        raise UsageProblem(
            f"{WAREHOUSE_VARIABLE} is not set, and the demo's PostgreSQL of {_short(file)} does not run. Set the "
            "variable, or start the demo's database with `make database`."
        ) from error


def _short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
