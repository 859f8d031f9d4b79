"""The tests' own Airflow: DAGs read as Airflow reads them, and run to their end in this process."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from tests.support.simulator import RunningSimulator


@dataclass(frozen=True)
class Airflow:
    """The tests' Airflow."""

    home: Path
    metadata_url: str


@dataclass(frozen=True)
class FinishedRun:
    """The result of a DAG run."""

    run_id: str
    state: str
    tasks: dict[str, list[str]]  # task id → its instances' states
    output: str  # what was printed and logged

    @property
    def task_states(self) -> dict[str, str]:
        """Task id → state, where all instances ended alike."""
        return {task: states[0] for task, states in self.tasks.items() if len(set(states)) == 1}


@dataclass(frozen=True)
class AirflowStack:
    """Runs DAGs on a warehouse and a simulator that Airflow is connected to."""

    airflow: Airflow
    simulator: RunningSimulator
    warehouse_url: str
    capture: pytest.CaptureFixture[str]
    log: pytest.LogCaptureFixture  # a process has Airflow's own handler in its first run only

    def run(self, dag_id: str, retries: int = 0, **options: Any) -> FinishedRun:
        """Run a DAG to its end, in this process; retries start at once."""
        from airflow.sdk.definitions.mappedoperator import MappedOperator

        dag = load_dags().dags[dag_id]
        for task in dag.tasks:
            arguments = {"retries": retries, "retry_delay": 0.01}
            if isinstance(task, MappedOperator):
                task.partial_kwargs.update(arguments)
            else:
                task.retries = retries
        self.capture.readouterr()
        self.log.clear()
        run = dag.test(**options)
        output = "".join(self.capture.readouterr()) + self.log.text
        tasks: dict[str, list[str]] = {}
        for instance in run.get_task_instances():
            tasks.setdefault(instance.task_id, []).append(str(instance.state))
        return FinishedRun(run.run_id, str(run.state), tasks, output)

    def events(self, run: FinishedRun) -> list[tuple[str, dict[str, Any]]]:
        """The asset events of a run: publishing task and extra."""
        return self.metadata("select source_task_id, extra from asset_event where source_run_id = %s", run.run_id)

    def metadata(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of Airflow's own database."""
        with psycopg.connect(self.airflow.metadata_url) as connection:
            return connection.execute(query, parameters).fetchall()

    def warehouse(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with psycopg.connect(self.warehouse_url) as connection:
            return connection.execute(query, parameters).fetchall()

    def calls(self) -> dict[str, int]:
        """Platform → calls that the simulator has answered since the last time this was asked."""
        address = f"{self.simulator.base_url}/_simulator/calls"
        answered = requests.get(address, timeout=10).json()["calls"]
        requests.delete(address, timeout=10).raise_for_status()
        return {platform: sum(calls.values()) for platform, calls in answered.items()}


def load_dags(folder: Path | None = None) -> Any:
    """Load a folder of DAG files as Airflow does, the repository's by default.

    Raises:
        AssertionError: a file brings no DAG, or there is no file: Airflow itself reports neither.
    """
    from airflow.dag_processing.dagbag import DagBag

    folder = folder or Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    bag = DagBag(str(folder))
    files = sorted(path.stem for path in folder.glob("*.py"))
    assert files, f"{folder} holds no DAG file"
    assert not bag.import_errors, "\n".join(bag.import_errors.values())
    assert sorted(bag.dags) == files, "each file is to bring the one DAG that is called like it"
    return bag
