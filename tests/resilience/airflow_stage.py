"""The stack with its Airflow, and a calm history beside it to compare with."""

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
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.environment import StackAddresses
from local_stack.evening import EXTRACT
from local_stack.history import authorise_demo_accounts, set_simulator_clock
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack
from local_stack.ports import free_port
from social_metrics.registry.registry import load_registry
from social_metrics.settings import Settings
from social_metrics.warehouse import migrate
from tests.resilience.comparison import DAY_OF_POSTS, DAY_OF_SNAPSHOTS, half_written
from tests.resilience.fault_bench import (
    FIRST_DAY,
    History,
    evening_of,
    few_accounts,
    forked_captures,
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
class Stage:
    """The stack with its Airflow, and a calm history beside it."""

    stack: LocalStack
    addresses: StackAddresses
    api: AirflowApi
    calm: History
    stormy_url: str

    def open_run(self, day: date) -> None:
        """20:00 WIB of the day on every clock; the platforms take their time, so that a fault can strike."""
        set_simulator_clock(self.addresses.simulator_url, evening_of(day))
        self._faults("DELETE")
        self._faults("POST", {"platform": "*", "kind": "slow", "seconds": 2.0})

    def hurry(self) -> None:
        """The platforms answer at once again."""
        self._faults("DELETE")

    def _faults(self, method: str, body: dict[str, Any] | None = None) -> None:
        address = f"{self.addresses.simulator_url}/_simulator/faults"
        requests.request(method, address, json=body, timeout=10).raise_for_status()

    def trigger(self, instant: datetime) -> Run:
        """A run of the instant's evening."""
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
        """The next sweep reads what is left; then the evening is that of the calm history."""
        self.hurry()
        sweep = self.trigger(evening_of(day) + timedelta(seconds=1))
        assert self.wait_for_end(sweep) == "success"
        self.calm.simulator.set_clock(evening_of(day))
        said = self.calm.capture(self.calm.order("x", day, whole_evening=True))
        assert said[0] == "done", said
        stormy = History("stormy", self.stormy_url, self.calm.simulator, self.calm.registry, self.calm.settings)
        assert half_written(stormy) == {}
        for query in (DAY_OF_SNAPSHOTS, DAY_OF_POSTS):
            wanted = Counter(self.calm.rows(query, day))
            found = Counter(stormy.rows(query, day))
            assert wanted
            assert wanted - found == Counter(), f"lost rows; {_said_of(wanted - found, stormy, day)}"
            assert found - wanted == Counter(), f"duplicated rows; {_said_of(found - wanted, stormy, day)}"


def _said_of(rows: Counter[tuple[Any, ...]], stormy: History, day: date) -> str:
    """What the attempts of the evening said about the accounts whose rows differ."""
    codes = {row[0] for row in rows}
    said = [row for row in stormy.rows(DAY_OF_ATTEMPTS, day) if row[0] in codes]
    return "\n".join(map(str, sorted(said, key=lambda row: row[1])))


@contextmanager
def standing(folder: Path, workers: int = 0) -> Iterator[Stage]:
    """The stage, all of it stopped at the end; with workers, Celery's run the tasks, and platforms have two batches."""
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
            settings = Settings(registry_dir=layout.registry, state_dir=folder / "calm")
            settings.http_attempts = 1
            authorise_demo_accounts(registry, settings, addresses.warehouse_url)
            calm_url = _second_database(stack, addresses.warehouse_url)
            authorise_demo_accounts(registry, settings, calm_url)
            simulator = start_simulator(layout.registry)
            forked_captures()
            api = stack.airflow_api(addresses)
            api.unpause(EXTRACT)
            calm = History("calm", calm_url, simulator, registry, settings)
            yield Stage(stack, addresses, api, calm, addresses.warehouse_url)
        finally:
            if simulator is not None:
                simulator.kill()
            stack.stop()


def _second_database(stack: LocalStack, warehouse_url: str) -> str:
    """A calm warehouse on the stack's server; its URI for the same login."""
    parts = urlsplit(warehouse_url)
    EmbeddedPostgres(stack.layout.postgres).start().ensure_database("calm", owner=parts.username)
    calm = urlunsplit(parts._replace(path="/calm"))
    migrate.upgrade(calm)
    return calm


def kill_with_all_it_began(process: psutil.Process) -> None:
    """kill -9, its children first."""
    for member in [*process.children(recursive=True), process]:
        member.kill()
