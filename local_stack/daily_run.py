"""One ingestion run on the real scheduler: extract, then the transform that its asset starts."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from local_stack import StackError
from local_stack.airflow_api import AirflowApi, Run

EXTRACT = "extract_social_metrics"
TRANSFORM = "transform_social_metrics"
POLL_SECONDS = 1.0
RUN_SECONDS = 1800
HANDOVER_SECONDS = 300
"""Limit between the end of the producer and the start of its consumer; about one second on an idle machine."""

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True)
class RunProgress:
    """Progress of a run: ended and known task instances (mapping adds some during the run)."""

    dag_id: str
    ended: int
    known: int


Watch = Callable[[RunProgress], None]


def run_daily(api: AirflowApi, watch: Watch) -> list[Run]:
    """Runs today's capture and the transform after it; returns both runs.

    Raises:
        StackError: a run failed (with the end of the failed task's log), hangs, or the transform did not start.
    """
    api.unpause(TRANSFORM)
    api.unpause(EXTRACT)
    extract = _follow(api, api.trigger(EXTRACT), watch)
    transform = _follow(api, _consumer(api, extract), watch)
    return [extract, transform]


def _consumer(api: AirflowApi, extract: Run) -> Run:
    deadline = time.monotonic() + HANDOVER_SECONDS
    while True:
        for run in api.consumers(extract):
            if run.dag_id == TRANSFORM:
                return run
        if time.monotonic() > deadline:
            raise StackError(
                f"{EXTRACT} succeeded, but its raw asset started no run of {TRANSFORM} within "
                f"{HANDOVER_SECONDS} s. See the scheduler's log."
            )
        time.sleep(POLL_SECONDS)


def _follow(api: AirflowApi, run: Run, watch: Watch) -> Run:
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        run = api.run(run.dag_id, run.run_id)
        tasks = api.tasks(run)
        watch(RunProgress(run.dag_id, sum(task.state in FINISHED for task in tasks), len(tasks)))
        if run.state == "success":
            return run
        if run.state == "failed":
            raise StackError(failure_of(api, run))
        if time.monotonic() > deadline:
            raise StackError(f"{run.dag_id} is still {run.state} after {RUN_SECONDS} s (run {run.run_id}).")
        time.sleep(POLL_SECONDS)


def failure_of(api: AirflowApi, run: Run) -> str:
    """The failed tasks of a run, with the end of the first one's log."""
    failed = [task for task in api.tasks(run) if task.state == "failed"]
    if not failed:
        return f"{run.dag_id} failed (run {run.run_id}), though none of its tasks did."
    first = failed[0]
    names = ", ".join(sorted({task.task_id for task in failed}))
    where = f"{first.task_id}[{first.map_index}]" if first.map_index >= 0 else first.task_id
    return f"{run.dag_id} failed in {names}. The end of the log of {where}:\n{api.task_log(run, first)}"
