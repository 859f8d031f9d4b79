"""land_lake exists only where a lake is set: after the captions are tagged, and again after retention."""

from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.airflow_dags import Airflow, AirflowStack, load_dags
from tests.support.simulator import RUN_START


def tasks_of(dag_id: str) -> dict[str, Any]:
    return {task.task_id: task for task in load_dags().dags[dag_id].tasks}


def test_without_a_lake_no_dag_has_land_lake(airflow: Airflow) -> None:
    for dag_id in ("transform_social_metrics", "enforce_retention"):
        assert "land_lake" not in tasks_of(dag_id)


def test_boards_do_not_wait_for_the_lake(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_METRICS_LAKE", "memory://lake")
    transform = tasks_of("transform_social_metrics")
    assert transform["land_lake"].upstream_task_ids == {"staging"}, "the first layer has read the captions"
    assert transform["land_lake"].downstream_task_ids == set()
    assert transform["land_lake"].retries >= 1
    assert tasks_of("enforce_retention")["land_lake"].upstream_task_ids == {"enforce_retention"}


def test_lake_may_be_an_object_store(stack: AirflowStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """fsspec's memory store stands for any: nothing here is a file of this machine."""
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.io import attach
    from fsspec.implementations.memory import MemoryFileSystem

    from social_metrics.orchestration.tasks.transform import land_lake

    attach(protocol="memory", fs=MemoryFileSystem())
    monkeypatch.setenv("SOCIAL_METRICS_LAKE", "memory://lake-of-a-run")
    assert stack.run("extract_social_metrics", logical_date=RUN_START).state == "success"
    landed = land_lake.function()
    part = ObjectStoragePath("memory://lake-of-a-run/raw.capture_outcomes/wib_date=2026-11-20/part.parquet")
    with part.open("rb") as file:
        rows = pq.read_table(file).num_rows
    assert stack.warehouse("select count(*) from raw.capture_outcomes") == [(rows,)]
    assert landed["raw.capture_outcomes"] == 1
    assert landed["rows"] >= rows > 0
    again = land_lake.function()
    assert again["rows"] == 0
