"""A real Airflow of the tests' own: its home, its metadata in the real PostgreSQL, and its DAGs run to the end."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from local_stack.databases import Login, ensure_metadata
from local_stack.history import authorise_demo_accounts
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from tests.support.airflow_dags import Airflow, AirflowStack
from tests.support.simulator import CREDENTIALS, RUN_START, running_simulator


@pytest.fixture(scope="session")
def airflow(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Airflow]:
    """An Airflow with migrated metadata; only tests that ask for it may import airflow, which reads its home once."""
    assert "airflow.settings" not in sys.modules, "something imported Airflow before its home was known"
    home = tmp_path_factory.mktemp("airflow")
    database = f"social_metrics_test_airflow_{os.getpid()}"
    metadata = ensure_metadata(postgres_server, Login(database, new_password()), database)
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

    Left there, a log line at INFO of a later test would end in a traceback on its stderr.
    """
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [handler for handler in root.handlers if handler.name == "default"]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def stack(
    airflow: Airflow,
    warehouse_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[AirflowStack]:
    """20 November 2026, 20:00 WIB, nothing captured yet."""
    with running_simulator(tmp_path, RUN_START) as simulator:
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
        yield AirflowStack(airflow, simulator, warehouse_url, capfd, caplog)
