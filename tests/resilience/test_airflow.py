"""Scheduler and workers die by kill -9, two schedulers work at once, a run is cleared a month later.

On the real stack, each on a day of its own; afterwards the evidence equals the reference capture of that day.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from local_stack.daily_run import EXTRACT
from local_stack.history import set_simulator_clock
from tests.resilience.airflow_stack import AirflowStack, kill_process_tree, running_airflow
from tests.resilience.fault_setup import (
    FIRST_DAY,
    run_start_of,
)
from tests.support.simulator import REPOSITORY


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    with running_airflow(tmp_path_factory.mktemp("stack")) as made:
        yield made


def test_kill_9_of_the_scheduler(airflow: AirflowStack) -> None:
    day = FIRST_DAY
    airflow.open_run(day)
    run = airflow.trigger(run_start_of(day))
    airflow.wait_until_reading(run)
    scheduler = airflow.scheduler()
    kill_process_tree(scheduler)
    psutil.wait_procs([scheduler], 20)
    airflow.hurry()
    airflow.start_scheduler()
    airflow.wait_for_end(run)
    airflow.retry_and_compare(day)


def test_kill_9_of_the_workers(airflow: AirflowStack) -> None:
    day = FIRST_DAY + timedelta(days=1)
    airflow.open_run(day)
    run = airflow.trigger(run_start_of(day))
    airflow.wait_until_reading(run)
    # Those at work: LocalExecutor's idle ones hold the lock of its queue, and with one of them dies the whole executor.
    workers = [worker for worker in airflow.scheduler().children() if worker.children()]
    assert workers
    for worker in workers:
        kill_process_tree(worker)
    airflow.hurry()
    airflow.wait_for_end(run)
    airflow.retry_and_compare(day)


def test_two_schedulers(airflow: AirflowStack) -> None:
    day = FIRST_DAY + timedelta(days=2)
    airflow.open_run(day)
    program = str(Path(sys.executable).with_name("airflow"))
    with (airflow.stack.layout.logs / "second-scheduler.log").open("wb") as log:
        second = subprocess.Popen(
            [program, "scheduler", "--skip-serve-logs"],
            env=airflow.stack.environment(airflow.addresses),
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        run = airflow.trigger(run_start_of(day))
        airflow.wait_until_reading(run)
        airflow.hurry()
        assert airflow.wait_for_end(run) == "success"
        assert second.poll() is None
    finally:
        kill_process_tree(psutil.Process(second.pid))
        second.wait()
    airflow.retry_and_compare(day)


def test_a_run_cleared_a_month_later_is_refused(airflow: AirflowStack) -> None:
    day = FIRST_DAY + timedelta(days=3)
    airflow.open_run(day)
    airflow.hurry()
    run = airflow.trigger(run_start_of(day))
    assert airflow.wait_for_end(run) == "success"
    set_simulator_clock(airflow.addresses.simulator_url, run_start_of(day) + timedelta(days=31))
    cleared = {"dag_run_id": run.run_id, "dry_run": False, "only_failed": False, "reset_dag_runs": True}
    airflow.api._checked(airflow.api._call("POST", f"/dags/{EXTRACT}/clearTaskInstances", cleared))
    assert airflow.wait_for_end(run) == "failed"
    failed = [task for task in airflow.api.tasks(run) if task.state == "failed"]
    assert [task.task_id for task in failed] == ["open_run"]
    assert "never written under another date" in airflow.api.task_log(run, failed[0])
    set_simulator_clock(airflow.addresses.simulator_url, run_start_of(day))
    airflow.retry_and_compare(day)
