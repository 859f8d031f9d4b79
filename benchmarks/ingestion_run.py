"""A whole ingestion run on a stack of its own: from the trigger to the published boards, every call taking 80 ms.

Some days are captured and built first, so that the measured run is an ordinary one: `extract_social_metrics` and the
transform that its asset starts, on a running scheduler. A large run has many copies of each center: the simulator
has no rate limits, and the registry holds the limits that a team of that size would have.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas
import psycopg
import requests
from rich.console import Console

from local_stack.daily_run import EXTRACT, TRANSFORM
from local_stack.demo import bring_up
from local_stack.environment import StackAddresses
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from simulator.__main__ import DEFAULT_SEED
from simulator.demo_registry import write_registry
from social_metrics.clock import utc_now, wib_date
from social_metrics.contract import Outcome
from social_metrics.settings import DEFAULT_REGISTRY, Settings

HISTORY_DAYS = 30
COPIES = 65
"""Of each center in a large run: 31 × 65 is 2,015 accounts on each platform."""
LARGE_HISTORY_DAYS = 2
LARGE = {"batch_size": "250", "daily_call_limit": "50000"} | dict.fromkeys(
    ("daily_quota_limit", "daily_usd_limit", "monthly_usd_limit"), ""
)
"""Columns of platforms.csv: a task reads up to five times the accounts, and no budget ends before the run."""
TASKS = """
    select dag_id, task_id, extract(epoch from start_date), extract(epoch from end_date) from task_instance
    where dag_id in ('extract_social_metrics', 'transform_social_metrics') and start_date is not null
        and end_date is not null and operator <> 'EmptyOperator'
"""
QUEUED = "select extract(epoch from queued_at), run_id from dag_run where dag_id = 'extract_social_metrics' order by 1"
OUTCOMES = """
    select platform, outcome, count(*), coalesce(min(detail), 'no detail') from raw.capture_outcomes
    where run_id = %s group by platform, outcome order by count(*) desc, platform, outcome
"""
READ = (Outcome.CAPTURED, Outcome.CAPTURED_PARTLY)
NODES = "select coalesce(sum(execution_seconds), 0) from ops.dbt_results where extract(epoch from finished_at) >= %s"


@dataclass(frozen=True)
class TaskTime:
    """The DAG of a task, and when it ran, in seconds since 1970."""

    dag: str
    task: str
    start: float
    end: float


class LargeStack(LocalStack):
    """A stack whose registry has many copies of each center, and whose simulator has no rate limits."""

    def __init__(self, layout: Layout, settings: Settings, copies: int) -> None:
        """Write the registry that the stack finds when it starts."""
        super().__init__(layout, settings, LARGE_HISTORY_DAYS)
        write_registry(DEFAULT_REGISTRY, layout.registry, DEFAULT_SEED, wib_date(utc_now()), copies)
        platforms = layout.registry / "platforms.csv"
        table = pandas.read_csv(platforms, dtype=str, keep_default_na=False)
        table.assign(**LARGE).to_csv(platforms, index=False)

    def start_simulator(self, addresses: StackAddresses) -> StackAddresses:
        """Start it without its limits: docs/scaling.md measures those."""
        started = super().start_simulator(addresses)
        limits = f"{started.simulator_url}/_simulator/rate-limits"
        requests.put(limits, json={"enabled": False}, timeout=10).raise_for_status()
        return started


def table(milliseconds: int, copies: int = 1) -> list[str]:
    """Markdown: how long each part of the run took.

    Args:
        milliseconds: what each call takes.
        copies: of each center; with more than one nothing is refused for too many calls.

    Raises:
        StackError: the stack does not start, or the run fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        layout, settings = Layout(Path(folder)), Settings(state_dir=Path(folder))
        stack = LargeStack(layout, settings, copies) if copies > 1 else LocalStack(layout, settings, HISTORY_DAYS)

        def build_and_slow_down(addresses: StackAddresses) -> None:
            assert stack.run_command(addresses, ["social-metrics", "transform"]) == 0
            slow = {"platform": "*", "kind": "slow", "seconds": milliseconds / 1000}
            requests.post(f"{addresses.simulator_url}/_simulator/faults", json=slow, timeout=10).raise_for_status()

        try:
            bring_up(stack, Console(stderr=True), build_and_slow_down)
            return _shares(stack.start_database(), milliseconds)
        finally:
            stack.stop()


def _shares(addresses: StackAddresses, milliseconds: int) -> list[str]:
    with psycopg.connect(addresses.airflow_metadata_url) as connection:
        tasks = [TaskTime(*map(str, row[:2]), *map(float, row[2:])) for row in connection.execute(TASKS)]
        queued, run_id = connection.execute(QUEUED).fetchone() or (0, "")
    begun, ended = float(queued), max(task.end for task in tasks)
    capture = [task for task in tasks if task.dag == EXTRACT]
    builds = [task for task in tasks if task.dag == TRANSFORM and not task.task.startswith("publish")]
    with psycopg.connect(addresses.warehouse_url) as connection:
        outcomes = connection.execute(OUTCOMES, (run_id,)).fetchall()
        (nodes,) = connection.execute(NODES, (begun,)).fetchone() or (0,)
    accounts, platforms = sum(count for _, _, count, _ in outcomes), len({platform for platform, *_ in outcomes})
    not_read = [found for found in outcomes if found[1] not in READ]
    read = accounts - sum(count for _, _, count, _ in not_read)
    reasons = (f"{platform} {outcome} {count} ({detail})" for platform, outcome, count, detail in not_read)
    total, idle = ended - begun, ended - begun - _covered(tasks)
    return [
        f"| {read:,} of {accounts:,} accounts on {platforms} platforms, {milliseconds} ms a call | seconds | share |",
        "|---|---|---|",
        _line("trigger → boards published", total, total),
        _line("of it no task ran: Airflow's hops", idle, total),
        _line("a task of the capture ran", _covered(capture), total),
        _line(f"a build ran ({len(builds)} layers)", _covered(builds), total),
        f"| work of dbt's nodes in it, four at a time | {nodes:.1f} | |",
        "",
        f"Not read: {'; '.join(reasons) or 'none'}.",
    ]


def _covered(tasks: Sequence[TaskTime]) -> float:
    """Seconds in which at least one of them ran."""
    seconds, until = 0.0, 0.0
    for task in sorted(tasks, key=lambda task: task.start):
        seconds += max(0.0, task.end - max(task.start, until))
        until = max(until, task.end)
    return seconds


def _line(what: str, seconds: float, total: float) -> str:
    return f"| {what} | {seconds:.1f} | {100 * seconds / total:.0f} % |"
