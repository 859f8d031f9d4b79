"""The evening on two Celery workers and a real Redis; one worker dies by kill -9 while it reads batches."""

from collections.abc import Iterator

import psutil
import psycopg
import pytest

from local_stack.airflow_api import Run
from tests.resilience.airflow_stack import AirflowStack, kill_process_tree, running_airflow
from tests.resilience.fault_setup import FIRST_DAY, run_start_of

WORKERS = ("worker-1", "worker-2")
BATCH = 3  # accounts: `small_batches`
TRIES = """
select account_code, max(try_number), count(*) filter (where outcome = 'captured')
from raw.capture_outcomes where run_id = %s group by account_code
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    with running_airflow(tmp_path_factory.mktemp("celery"), len(WORKERS)) as made:
        yield made


def _tasks_at_work(airflow: AirflowStack, worker: str) -> list[psutil.Process]:
    """The task processes of a worker: what its pool's processes have begun."""
    pool = psutil.Process(airflow.stack.processes.process_id(worker)).children()
    return [task for process in pool for task in process.children()]


def _reading_workers(airflow: AirflowStack, run: Run) -> dict[str, int]:
    """Workers whose tasks ask a platform now, with how many; every task of the run at work is a batch's."""
    at_work = [task for task in airflow.api.tasks(run) if task.state == "running"]
    if not at_work or not all(task.task_id.endswith("extract_batch") for task in at_work):
        return {}
    return {worker: number for worker in WORKERS if (number := len(_tasks_at_work(airflow, worker)))}


def test_a_worker_killed_in_mid_batch_costs_that_batchs_retry(airflow: AirflowStack) -> None:
    day = FIRST_DAY
    airflow.open_run(day)
    run = airflow.trigger(run_start_of(day))
    reading: dict[str, int] = {}

    def both_read() -> bool:
        reading.update(_reading_workers(airflow, run))
        return set(reading) == set(WORKERS)

    airflow.wait("batches at work on both workers", both_read)
    killed = psutil.Process(airflow.stack.processes.process_id(WORKERS[0]))
    batches = len(_tasks_at_work(airflow, WORKERS[0]))
    kill_process_tree(killed)
    psutil.wait_procs([killed], 20)
    airflow.hurry()
    assert airflow.wait_for_end(run) == "success", "the other worker takes over"
    with psycopg.connect(airflow.faulty_url) as connection:
        tries = connection.execute(TRIES, (run.run_id,)).fetchall()
    assert tries
    again = [account for account, number, _ in tries if number > 1]
    assert again, "the kill struck no batch"
    assert max(number for _, number, _ in tries) <= 2
    print(f"{batches} batches at work on the worker; read again: {', '.join(sorted(again))}")
    assert len(again) <= BATCH * max(batches, reading[WORKERS[0]]), again
    assert all(captured <= 1 for _, _, captured in tries), "nobody is captured twice"
    assert airflow.stack.processes.running().count(WORKERS[0]) == 0
    airflow.retry_and_compare(day)
