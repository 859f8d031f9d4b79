"""A real Airflow of the tests' own: its home, its metadata in the real PostgreSQL, and its DAGs run to the end."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from cryptography.fernet import Fernet

from local_stack.databases import Login, ensure_airflow_metadata
from local_stack.history import authorise_demo_accounts
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.clock import WIB
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from tests.support.simulator import CREDENTIALS, RunningSimulator, running_simulator

EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=WIB)


@dataclass(frozen=True)
class Airflow:
    """The tests' Airflow."""

    home: Path
    metadata_url: str


@pytest.fixture(scope="session")
def airflow(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Airflow]:
    """An Airflow with migrated metadata; only tests that ask for it may import airflow, which reads its home once."""
    assert "airflow.settings" not in sys.modules, "something imported Airflow before its home was known"
    home = tmp_path_factory.mktemp("airflow")
    database = f"social_metrics_test_airflow_{os.getpid()}"
    metadata = ensure_airflow_metadata(postgres_server, Login(database, new_password()), database)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(repository / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
            "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.replace("postgresql://", "postgresql+psycopg2://"),
            "AIRFLOW__API_AUTH__JWT_SECRET": new_password(),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "DO_NOT_TRACK": "1",
            "no_proxy": "*",
        }.items():
            environment.setenv(name, value)
        migrate = [Path(sys.executable).with_name("airflow"), "db", "migrate"]
        subprocess.run(migrate, check=True, capture_output=True)
        yield Airflow(home, metadata)
        if "airflow.settings" in sys.modules:
            sys.modules["airflow.settings"].dispose_orm()
    postgres_server.drop_database(database)


@pytest.fixture(autouse=True)
def airflow_keeps_its_logging_to_itself() -> Iterator[None]:
    """Takes Airflow's handler off the root logger: its stream is this test's output, and closed afterwards.

    Left there, whatever a later test of another room logs at INFO would end in a traceback on its stderr.
    """
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [handler for handler in root.handlers if handler.name == "default"]:
        root.removeHandler(handler)
    root.setLevel(level)


@dataclass(frozen=True)
class FinishedRun:
    """What became of a DAG run."""

    run_id: str
    state: str
    tasks: dict[str, list[str]]  # task id → its instances' states
    output: str  # what was logged

    @property
    def task_states(self) -> dict[str, str]:
        """Task id → state, where all instances ended alike."""
        return {task: states[0] for task, states in self.tasks.items() if len(set(states)) == 1}


@dataclass(frozen=True)
class Evening:
    """A warehouse, a simulator and an Airflow that know each other."""

    airflow: Airflow
    simulator: RunningSimulator
    warehouse_url: str
    capture: pytest.CaptureFixture[str]

    def run(self, dag_id: str, retries: int = 0, **options: Any) -> FinishedRun:
        """Run a DAG to its end, in this process; retries come at once."""
        from airflow.sdk.definitions.mappedoperator import MappedOperator

        dag = load_dags().dags[dag_id]
        for task in dag.tasks:
            arguments = {"retries": retries, "retry_delay": 0.01}
            if isinstance(task, MappedOperator):
                task.partial_kwargs.update(arguments)
            else:
                task.retries = retries
        self.capture.readouterr()
        run = dag.test(**options)
        output = "".join(self.capture.readouterr())
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


@pytest.fixture
def evening(
    airflow: Airflow,
    warehouse_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Evening]:
    """20 November 2026, 20:00 WIB, nothing captured yet."""
    with running_simulator(tmp_path, EVENING) as simulator:
        for platform in CREDENTIALS:
            monkeypatch.setenv(*simulator.connection_variable(platform))
        for name, value in {
            "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE": warehouse_url,
            "SOCIAL_METRICS_REGISTRY_DIR": str(simulator.registry_dir),
            "SOCIAL_METRICS_STATE_DIR": str(tmp_path / "state"),
            "SOCIAL_METRICS_CREDENTIALS_KEY": Fernet.generate_key().decode(),
            "SOCIAL_METRICS_HTTP_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()
        authorise_demo_accounts(load_registry(settings.registry_dir), settings, warehouse_url)
        yield Evening(airflow, simulator, warehouse_url, capfd)


def load_dags(folder: Path | None = None) -> Any:
    """Airflow's own reading of a folder of DAG files, the repository's by default.

    Raises:
        AssertionError: a file brings no DAG, or there is no file: Airflow itself says nothing about either.
    """
    from airflow.dag_processing.dagbag import DagBag

    folder = folder or Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    bag = DagBag(str(folder))
    files = sorted(path.stem for path in folder.glob("*.py"))
    assert files, f"{folder} holds no DAG file"
    assert not bag.import_errors, "\n".join(bag.import_errors.values())
    assert sorted(bag.dags) == files, "each file is to bring the one DAG that is called like it"
    return bag
