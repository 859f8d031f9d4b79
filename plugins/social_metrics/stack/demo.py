"""`make demo` and `make up`: from nothing to both boards, through the parts that production uses."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import requests
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from social_metrics.clock import WIB
from social_metrics.stack import StackError
from social_metrics.stack.airflow_api import AirflowApi
from social_metrics.stack.environment import ADMIN, StackAddresses
from social_metrics.stack.evening import RunProgress, run_evening
from social_metrics.stack.local_stack import LocalStack

HISTORY_DAYS = 120
EVENING_HOUR = 20


def run_demo(stack: LocalStack, console: Console) -> None:
    """The whole demo; everything is stopped at the end, whatever happens.

    Raises:
        StackError: a step failed; the message says which, and shows the end of its log.
    """
    try:
        stack.stop()  # what a demo that was killed has left
        addresses = _bring_up(stack, console)
        _show_boards(stack, addresses)
    finally:
        with _step(console, "Stopping"):
            stack.stop()


def bring_up(stack: LocalStack, console: Console) -> None:
    """The same stack, kept running; says where everything is.

    Raises:
        StackError: a step failed; what was started is stopped again.
    """
    try:
        addresses = _bring_up(stack, console)
        _set_clock(addresses, datetime.now(WIB), ticking=True)
    except BaseException:
        stack.stop()
        raise
    console.print(
        f"Airflow    {addresses.airflow_url}  user {ADMIN}, password in {stack.layout.secret('airflow-admin')}"
    )
    console.print(f"Simulator  {addresses.simulator_url}")
    console.print(f"Boards     {stack.layout.boards}")
    console.print("Stop it with: make down")


def _bring_up(stack: LocalStack, console: Console) -> StackAddresses:
    with _step(console, "PostgreSQL and migrations"):
        addresses = stack.start_database()
    with _step(console, "Simulator"):
        stack.start_simulator(addresses, this_evening())
    with _step(console, "Airflow's metadata"):
        programs = stack.start_airflow(addresses)
    # Airflow's processes get ready while the history is captured.
    _cli(stack, addresses, "simulate", "--days", str(HISTORY_DAYS))
    with _step(console, "Airflow: api-server, scheduler, dag-processor, triggerer"):
        stack.wait_for_airflow(programs)
    _set_clock(addresses, this_evening(), ticking=False)
    _run_evening(stack.airflow_api(addresses), console)
    _cli(stack, addresses, "boards", "--out", str(stack.layout.boards))
    return addresses


def this_evening() -> datetime:
    """20:00 WIB of today's WIB date, whatever the hour: the demo's evening."""
    return datetime.now(WIB).replace(hour=EVENING_HOUR, minute=0, second=0, microsecond=0)


def _set_clock(addresses: StackAddresses, now: datetime, *, ticking: bool) -> None:
    reply = requests.post(
        f"{addresses.simulator_url}/_simulator/clock",
        json={"now": now.isoformat(), "ticking": ticking},
        timeout=10,
    )
    if not reply.ok:
        raise StackError(f"The simulator refuses its clock ({reply.status_code}): {reply.text[:300]}")


def _show_boards(stack: LocalStack, addresses: StackAddresses) -> None:
    for board in ("followers", "recency"):
        _cli(stack, addresses, "top", "--board", board)


def _cli(stack: LocalStack, addresses: StackAddresses, *arguments: str) -> None:
    code = stack.run_command(addresses, ["social-metrics", *arguments])
    if code:
        raise StackError(f"`social-metrics {' '.join(arguments)}` ended with exit code {code}, see above.")


def _run_evening(api: AirflowApi, console: Console) -> None:
    started = time.monotonic()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} tasks"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def watch(state: RunProgress) -> None:
            if state.dag_id not in bars:
                bars[state.dag_id] = progress.add_task(state.dag_id, total=state.known)
            progress.update(bars[state.dag_id], completed=state.ended, total=max(state.known, 1))

        runs = run_evening(api, watch)
    for run in runs:
        console.print(f"[green]✓[/green] {run.dag_id}: {run.state}")
    console.print(f"  this evening on the scheduler took {time.monotonic() - started:.0f} s")


@contextmanager
def _step(console: Console, name: str) -> Iterator[None]:
    started = time.monotonic()
    with console.status(name):
        yield
    console.print(f"[green]✓[/green] {name} ({time.monotonic() - started:.1f} s)")
