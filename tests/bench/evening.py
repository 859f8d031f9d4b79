"""A whole evening on the stack that `make up` runs: from the trigger to the published boards, every call taking 80 ms.

The simulator's clock is put to the evening after the last one captured; what runs is `extract_social_metrics` and the
transform that its asset starts, on the running scheduler. The clock follows the real time again afterwards.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import requests

from social_metrics.clock import WIB
from social_metrics.history import EVENING, set_simulator_clock
from social_metrics.settings import load_settings
from social_metrics.stack.environment import StackAddresses
from social_metrics.stack.evening import EXTRACT, run_evening
from social_metrics.stack.layout import Layout
from social_metrics.stack.local_stack import LocalStack

TASKS = """
    select dag_id, task_id, extract(epoch from start_date), extract(epoch from end_date) from task_instance
    where run_id = any(%s) and start_date is not null and end_date is not null and operator <> 'EmptyOperator'
"""
QUEUED = "select extract(epoch from min(queued_at)) from dag_run where run_id = any(%s)"
WROTE = "select count(*), count(distinct platform) from raw.capture_outcomes where run_id = %s"
NODES = "select coalesce(sum(execution_seconds), 0) from ops.dbt_results where extract(epoch from finished_at) >= %s"


@dataclass(frozen=True)
class Worked:
    """One task: whose it was, and when it ran, in seconds since 1970."""

    dag: str
    task: str
    start: float
    end: float


def table(milliseconds: int) -> list[str]:
    """Markdown; says so where no stack runs."""
    settings = load_settings()
    stack = LocalStack(Layout(settings.state_dir), settings)
    if not stack.is_complete():
        return ["No stack runs in this folder: `make up` first."]
    addresses = stack.start_database()
    with _slow_platforms(addresses, milliseconds) as evening:
        runs = run_evening(stack.airflow_api(addresses), lambda _: None, evening)
    ids = [run.run_id for run in runs]
    with psycopg.connect(addresses.airflow_metadata_url) as connection:
        tasks = [Worked(*map(str, row[:2]), *map(float, row[2:])) for row in connection.execute(TASKS, (ids,))]
        (queued,) = connection.execute(QUEUED, (ids,)).fetchone() or (0,)
    begun, ended = float(queued), max(task.end for task in tasks)
    capture = [task for task in tasks if task.dag == EXTRACT]
    builds = [task for task in tasks if task.dag != EXTRACT and not task.task.startswith("publish")]
    with psycopg.connect(addresses.warehouse_url) as connection:
        accounts, platforms = connection.execute(WROTE, (ids[0],)).fetchone() or (0, 0)
        (nodes,) = connection.execute(NODES, (begun,)).fetchone() or (0,)
    total, idle = ended - begun, ended - begun - _covered(tasks)
    return [
        f"| {accounts} accounts on {platforms} platforms, {milliseconds} ms a call | seconds | share |",
        "|---|---|---|",
        _line("trigger → boards published", total, total),
        _line("of it no task ran: Airflow's hops", idle, total),
        _line("a task of the capture ran", _covered(capture), total),
        _line(f"a build ran ({len(builds)} layers)", _covered(builds), total),
        f"| work of dbt's nodes in it, four at a time | {nodes:.1f} | |",
    ]


@contextmanager
def _slow_platforms(addresses: StackAddresses, milliseconds: int) -> Iterator[datetime]:
    """The next evening begins, and each call takes so long; yields its instant."""
    with psycopg.connect(addresses.warehouse_url) as connection:
        (last,) = connection.execute("select max(attempted_at) from raw.capture_outcomes").fetchone() or (None,)
    assert last is not None, "make up captures an evening before this is asked"
    evening = datetime.combine(last.astimezone(WIB).date() + timedelta(days=1), EVENING, WIB)
    here = f"{addresses.simulator_url}/_simulator"
    requests.put(f"{here}/clock", json={"ticking": False}, timeout=10).raise_for_status()
    set_simulator_clock(addresses.simulator_url, evening)
    slow = {"platform": "*", "kind": "slow", "seconds": milliseconds / 1000}
    fault = requests.post(f"{here}/faults", json=slow, timeout=10)
    fault.raise_for_status()
    try:
        yield evening
    finally:
        requests.delete(f"{here}/faults/{fault.json()['fault_id']}", timeout=10).raise_for_status()
        set_simulator_clock(addresses.simulator_url, datetime.now(WIB))
        requests.put(f"{here}/clock", json={"ticking": True}, timeout=10).raise_for_status()


def _covered(tasks: Sequence[Worked]) -> float:
    """Seconds in which at least one of them ran."""
    seconds, until = 0.0, 0.0
    for task in sorted(tasks, key=lambda task: task.start):
        seconds += max(0.0, task.end - max(task.start, until))
        until = max(until, task.end)
    return seconds


def _line(what: str, seconds: float, total: float) -> str:
    return f"| {what} | {seconds:.1f} | {100 * seconds / total:.0f} % |"
