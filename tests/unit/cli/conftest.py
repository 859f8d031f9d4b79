"""A warehouse whose marts hold the example of `example_marts`, and registries to work with."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.unit.reports.example_marts import create_example_marts


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
