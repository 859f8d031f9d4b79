"""A warehouse whose marts hold the example of `example_marts`, a simulator at work, and registries to work with."""

import csv
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.example_marts import create_example_marts
from tests.support.simulator import CREDENTIALS, RunningSimulator, running_simulator

RUN_START = datetime.fromisoformat("2026-11-24T20:00:00+07:00")
KEY = "kzYKfFJvXO2ETyPAGHyRUbRWsgkf7NZOJpFGyqXTdXI="


@pytest.fixture
def example_url(warehouse_url: str) -> str:
    """The service login's URI of a warehouse with the example's boards."""
    create_example_marts(warehouse_url)
    return warehouse_url


@pytest.fixture
def broken_registry(tmp_path: Path, repository: Path) -> Path:
    """The repository's registry, with an unknown platform in one row of the accounts."""
    folder = tmp_path / "broken"
    shutil.copytree(repository / "dbt_project/seeds/registry", folder)
    path = folder / "center_accounts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[3][2] = "myspace"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture
def simulator(tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    """A simulator at 20:00 WIB, with the environment of a shell that works on it."""
    with running_simulator(tmp_path, RUN_START) as running:
        for platform in CREDENTIALS:
            monkeypatch.setenv(*running.connection_variable(platform))
        monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", warehouse_url)
        monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(running.registry_dir))
        monkeypatch.setenv("SOCIAL_METRICS_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.setenv("SOCIAL_METRICS_CREDENTIALS_KEY", KEY)
        yield running
