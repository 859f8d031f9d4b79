"""Scheduler and workers die by kill -9, two schedulers work at once, a run is cleared a month later.

On the real stack, each on an evening of its own; afterwards its evidence is that of a calm capture of that evening.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from local_stack.evening import EXTRACT
from local_stack.history import set_simulator_clock
from tests.resilience.airflow_stage import Stage, kill_with_all_it_began, standing
from tests.resilience.fault_bench import (
    FIRST_DAY,
    evening_of,
)
from tests.support.simulator import REPOSITORY


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with standing(tmp_path_factory.mktemp("stack")) as made:
        yield made


def test_kill_9_of_the_scheduler(stage: Stage) -> None:
    day = FIRST_DAY
    stage.open_run(day)
    run = stage.trigger(evening_of(day))
    stage.wait_until_reading(run)
    scheduler = stage.scheduler()
    kill_with_all_it_began(scheduler)
    psutil.wait_procs([scheduler], 20)
    stage.hurry()
    stage.start_scheduler()
    stage.wait_for_end(run)
    stage.retry_and_compare(day)


def test_kill_9_of_the_workers(stage: Stage) -> None:
    day = FIRST_DAY + timedelta(days=1)
    stage.open_run(day)
    run = stage.trigger(evening_of(day))
    stage.wait_until_reading(run)
    # Those at work: LocalExecutor's idle ones hold the lock of its queue, and with one of them dies the whole executor.
    workers = [worker for worker in stage.scheduler().children() if worker.children()]
    assert workers
    for worker in workers:
        kill_with_all_it_began(worker)
    stage.hurry()
    stage.wait_for_end(run)
    stage.retry_and_compare(day)


def test_two_schedulers(stage: Stage) -> None:
    day = FIRST_DAY + timedelta(days=2)
    stage.open_run(day)
    program = str(Path(sys.executable).with_name("airflow"))
    with (stage.stack.layout.logs / "second-scheduler.log").open("wb") as log:
        second = subprocess.Popen(
            [program, "scheduler", "--skip-serve-logs"],
            env=stage.stack.environment(stage.addresses),
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        run = stage.trigger(evening_of(day))
        stage.wait_until_reading(run)
        stage.hurry()
        assert stage.wait_for_end(run) == "success"
        assert second.poll() is None
    finally:
        kill_with_all_it_began(psutil.Process(second.pid))
        second.wait()
    stage.retry_and_compare(day)


def test_a_run_cleared_a_month_later_is_refused(stage: Stage) -> None:
    day = FIRST_DAY + timedelta(days=3)
    stage.open_run(day)
    stage.hurry()
    run = stage.trigger(evening_of(day))
    assert stage.wait_for_end(run) == "success"
    set_simulator_clock(stage.addresses.simulator_url, evening_of(day) + timedelta(days=31))
    cleared = {"dag_run_id": run.run_id, "dry_run": False, "only_failed": False, "reset_dag_runs": True}
    stage.api._checked(stage.api._call("POST", f"/dags/{EXTRACT}/clearTaskInstances", cleared))
    assert stage.wait_for_end(run) == "failed"
    failed = [task for task in stage.api.tasks(run) if task.state == "failed"]
    assert [task.task_id for task in failed] == ["open_run"]
    assert "never written under another date" in stage.api.task_log(run, failed[0])
    set_simulator_clock(stage.addresses.simulator_url, evening_of(day))
    stage.retry_and_compare(day)
