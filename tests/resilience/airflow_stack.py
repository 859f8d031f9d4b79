"""The stack with its Airflow, and a reference history beside it to compare with."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest
import requests

from local_stack import StackError
from local_stack.airflow_api import AirflowApi, Run
from local_stack.daily_run import EXTRACT
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.environment import StackAddresses
from local_stack.history import authorise_demo_accounts, set_simulator_clock
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from local_stack.ports import free_port
from social_metrics.registry.registry import load_registry
from social_metrics.settings import Settings
from social_metrics.warehouse import migrate
from tests.resilience.comparison import DAY_OF_POSTS, DAY_OF_SNAPSHOTS, half_written
from tests.resilience.fault_setup import (
    FIRST_DAY,
    History,
    few_accounts,
    forked_captures,
    run_start_of,
    small_batches,
    start_simulator,
)
from tests.support.simulator import SimulatorProcess, write_demo_registry

RUN_SECONDS = 600
DAY_OF_ATTEMPTS = """
select account_code, attempted_at, outcome, detail, run_id, try_number from raw.capture_outcomes
where (attempted_at at time zone 'Asia/Jakarta')::date = %s
"""
# A dead task is noticed within seconds and not, as Airflow's default has it, within five minutes.
AIRFLOW_CFG = """[scheduler]
task_instance_heartbeat_timeout = 40
task_instance_heartbeat_timeout_detection_interval = 3
orphaned_tasks_check_interval = 10
"""


@dataclass
class AirflowStack:
    """The stack with its Airflow, and the reference history."""

    stack: LocalStack
    addresses: StackAddresses
    api: AirflowApi
    reference: History
    faulty_url: str

    def open_run(self, day: date) -> None:
        """20:00 WIB of the day on every clock; the platforms take their time, so that a fault can strike."""
        set_simulator_clock(self.addresses.simulator_url, run_start_of(day))
        self._faults("DELETE")
        self._faults("POST", {"platform": "*", "kind": "slow", "seconds": 2.0})

    def hurry(self) -> None:
        """The platforms answer at once again."""
        self._faults("DELETE")

    def _faults(self, method: str, body: dict[str, Any] | None = None) -> None:
        address = f"{self.addresses.simulator_url}/_simulator/faults"
        requests.request(method, address, json=body, timeout=10).raise_for_status()

    def trigger(self, instant: datetime) -> Run:
        """Start a run of the instant."""
        reply = self.api._call("POST", f"/dags/{EXTRACT}/dagRuns", {"logical_date": instant.isoformat(), "conf": {}})
        fields = self.api._checked(reply)
        return Run(fields["dag_id"], fields["dag_run_id"], fields["state"])

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait for a state; an api-server that is slow to answer is asked again."""
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            with suppress(StackError):
                if is_so():
                    return
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(0.5)

    def wait_until_reading(self, run: Run) -> None:
        """Wait until batches of the run are at work."""
        self.wait(
            "a batch at work",
            lambda: any(
                task.task_id.endswith("extract_batch") and task.state == "running" for task in self.api.tasks(run)
            ),
        )

    def wait_for_end(self, run: Run) -> str:
        """Wait for the run's end; its state."""
        self.wait(
            f"the end of {run.run_id}", lambda: self.api.run(run.dag_id, run.run_id).state in ("success", "failed")
        )
        return self.api.run(run.dag_id, run.run_id).state

    def scheduler(self) -> psutil.Process:
        """The stack's scheduler."""
        return psutil.Process(self.stack.processes.process_id("scheduler"))

    def start_scheduler(self) -> None:
        """Start it again, as a service manager would, and wait for its heartbeat."""
        self.stack.start_airflow(self.addresses)
        self.stack.wait_for_airflow(self.addresses)

    def retry_and_compare(self, day: date) -> None:
        """The next retry run reads the remaining accounts; then the day equals the reference history."""
        self.hurry()
        retry_run = self.trigger(run_start_of(day) + timedelta(seconds=1))
        assert self.wait_for_end(retry_run) == "success"
        self.reference.simulator.set_clock(run_start_of(day))
        result = self.reference.capture(self.reference.order("x", day, all_platforms=True))
        assert result[0] == "done", result
        faulty = History(
            "faulty", self.faulty_url, self.reference.simulator, self.reference.registry, self.reference.settings
        )
        assert half_written(faulty) == {}
        for query in (DAY_OF_SNAPSHOTS, DAY_OF_POSTS):
            wanted = Counter(self.reference.rows(query, day))
            found = Counter(faulty.rows(query, day))
            assert wanted
            assert wanted - found == Counter(), f"lost rows; {_attempts_of(wanted - found, faulty, day)}"
            assert found - wanted == Counter(), f"duplicated rows; {_attempts_of(found - wanted, faulty, day)}"


def _attempts_of(rows: Counter[tuple[Any, ...]], faulty: History, day: date) -> str:
    """The attempts of the day for the accounts whose rows differ."""
    codes = {row[0] for row in rows}
    result = [row for row in faulty.rows(DAY_OF_ATTEMPTS, day) if row[0] in codes]
    return "\n".join(map(str, sorted(result, key=lambda row: row[1])))


@contextmanager
def running_airflow(folder: Path, workers: int = 0) -> Iterator[AirflowStack]:
    """The running stack, stopped at the end; with workers, Celery's run the tasks, and platforms have two batches."""
    layout = Layout(folder / "state")
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "SOCIAL_METRICS_"))]:
            environment.delenv(name)
        own = Settings(state_dir=layout.state, airflow_port=free_port(None))
        stack = LocalStack(layout, own, workers=workers)
        (layout.state).mkdir()
        (layout.state / "first-day").write_text((FIRST_DAY - timedelta(days=120)).isoformat())
        write_demo_registry(layout.registry, FIRST_DAY)
        few_accounts(layout.registry)
        if workers:
            small_batches(layout.registry)
        layout.airflow_home.mkdir(parents=True)
        (layout.airflow_home / "airflow.cfg").write_text(AIRFLOW_CFG)
        simulator: SimulatorProcess | None = None
        try:
            addresses = stack.start_simulator(stack.start_database())
            addresses = stack.start_airflow(addresses)
            for name, value in stack.environment(addresses).items():
                environment.setenv(name, value)
            stack.wait_for_airflow(addresses)
            registry = load_registry(layout.registry)
            settings = Settings(registry_dir=layout.registry, state_dir=folder / "reference")
            settings.http_attempts = 1
            authorise_demo_accounts(registry, settings, addresses.warehouse_url)
            reference_url = _second_database(stack, addresses.warehouse_url)
            authorise_demo_accounts(registry, settings, reference_url)
            simulator = start_simulator(layout.registry)
            forked_captures()
            api = stack.airflow_api(addresses)
            api.unpause(EXTRACT)
            reference = History("reference", reference_url, simulator, registry, settings)
            yield AirflowStack(stack, addresses, api, reference, addresses.warehouse_url)
        finally:
            if simulator is not None:
                simulator.kill()
            stack.stop()


def _second_database(stack: LocalStack, warehouse_url: str) -> str:
    """A reference warehouse on the stack's server; its URI for the same login."""
    parts = urlsplit(warehouse_url)
    EmbeddedPostgres(stack.layout.postgres).start().ensure_database("reference", owner=parts.username)
    reference = urlunsplit(parts._replace(path="/reference"))
    migrate.upgrade(reference)
    return reference


def kill_process_tree(process: psutil.Process) -> None:
    """kill -9, its children first."""
    for member in [*process.children(recursive=True), process]:
        member.kill()
