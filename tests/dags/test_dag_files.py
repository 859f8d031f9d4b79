"""The DAG files as Airflow reads them: they load, have descriptions, and declare what the design requires."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from social_metrics.clock import WIB
from social_metrics.errors import UsageProblem
from social_metrics.extract.run_clock import ClockProblem
from social_metrics.registry.registry import load_registry
from social_metrics.warehouse.connect import WarehouseProblem
from tests.support.airflow_dags import Airflow, load_dags

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.fixture(scope="module")
def dags(airflow: Airflow) -> dict[str, Any]:
    return load_dags().dags


def test_every_file_defines_the_dag_of_its_name(dags: dict[str, Any]) -> None:
    assert {"extract_social_metrics", "transform_social_metrics"} <= dags.keys()


def test_loading_fails_on_a_folder_without_dag_files(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="holds no DAG file"):
        load_dags(tmp_path)


def test_loading_fails_on_a_file_without_a_dag(tmp_path: Path) -> None:
    (tmp_path / "nothing_here.py").write_text("from airflow.sdk import DAG\n")
    with pytest.raises(AssertionError, match="the one DAG that is called like it"):
        load_dags(tmp_path)


def test_every_dag_and_task_group_has_a_description_and_an_owner(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert "social-metrics" in dag.tags
        assert "When a run is red: " in dag.doc_md
        # Only a run that waits for a person may be overtaken by the next.
        assert (dag.max_active_runs == 1) is (dag.dag_id not in {"ingest_manual_entries", "close_month"})
        assert not dag.catchup
        assert all(group.tooltip for group in dag.task_group.children.values() if hasattr(group, "tooltip"))
        for task in dag.tasks:
            assert task.owner.endswith("-team"), task.task_id


@pytest.mark.parametrize("dag_id", ["extract_social_metrics", "transform_social_metrics"])
def test_every_task_retries_and_has_a_time_limit(dags: dict[str, Any], dag_id: str) -> None:
    for task in dags[dag_id].tasks:
        assert task.retries >= 1, task.task_id
        assert task.execution_timeout is not None, task.task_id


def test_each_asset_has_one_publisher(dags: dict[str, Any]) -> None:
    publishers = [
        (asset.name, dag.dag_id, task.task_id) for dag in dags.values() for task in dag.tasks for asset in task.outlets
    ]
    assert sorted(publishers) == [
        ("social_metrics_entries", "ingest_manual_entries", "publish_entries"),
        ("social_metrics_marts", "transform_social_metrics", "marts"),
        ("social_metrics_raw", "extract_social_metrics", "publish_raw"),
    ]


def test_run_fails_with_a_refused_confirmation_and_clearing_publishes(dags: dict[str, Any]) -> None:
    """A leaf that runs whatever happens would make the run green, and would not be cleared with the failed task."""
    publish = dags["ingest_manual_entries"].get_task("publish_entries")
    assert publish.trigger_rule == "none_failed"
    assert publish.upstream_task_ids == {"confirm_entries"}
    assert not publish.downstream_task_ids


def test_first_run_is_at_20_00_and_retry_runs_until_23_30_wib(dags: dict[str, Any]) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(dags["extract_social_metrics"].timetable)
    day = datetime(2026, 11, 20, tzinfo=UTC)
    started, last = [], None
    while len(started) < 9:
        info = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=TimeRestriction(day, None, catchup=True)
        )
        last = info.data_interval
        started.append(info.logical_date.astimezone(WIB))
    first = datetime(2026, 11, 20, 20, tzinfo=WIB)
    assert started[:8] == [first + timedelta(minutes=30 * number) for number in range(8)]
    assert started[8] == first + timedelta(days=1)


def test_transform_follows_the_raw_asset_layer_by_layer(dags: dict[str, Any]) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable

    transform = dags["transform_social_metrics"]
    waits_for = coerce_to_core_timetable(transform.timetable).asset_condition
    assert [key.name for key, _ in waits_for.iter_assets()] == [
        "social_metrics_raw",
        "social_metrics_entries",
    ]
    assert {task.task_id: task.downstream_task_ids for task in transform.tasks} == {
        "staging": {"intermediate"},
        "intermediate": {"marts"},
        "marts": {"publish_boards"},
        "publish_boards": set(),
    }


def test_every_platform_of_the_registry_has_its_tasks(
    dags: dict[str, Any], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = repository / "dbt_project" / "seeds" / "registry"
    assert _platforms(dags) == set(load_registry(seeds).platforms)
    for file in seeds.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lines = (tmp_path / "platforms.csv").read_text().splitlines()
    (tmp_path / "platforms.csv").write_text("\n".join([*lines, lines[1].replace("youtube,YouTube", "seventh,Seventh")]))
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(tmp_path))
    assert _platforms(load_dags().dags) == {*load_registry(seeds).platforms, "seventh"}


def test_invalid_registry_is_an_import_error_with_its_line(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (repository / "dbt_project" / "seeds" / "registry").glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    accounts = tmp_path / "center_accounts.csv"
    accounts.write_text(accounts.read_text().replace(",youtube,", ",yuotube,", 1))
    monkeypatch.setenv("SOCIAL_METRICS_REGISTRY_DIR", str(tmp_path))
    with pytest.raises(AssertionError, match=r"(?s)center_accounts\.csv.*2.*is not a platform of platforms\.csv"):
        load_dags()


def test_airflow_does_not_load_the_package_twice(airflow: Airflow) -> None:
    """Without plugins/.airflowignore every module would be executed again under its bare name."""
    import sys

    from airflow import plugins_manager

    plugins_manager._get_plugins()
    assert not {"registry", "extract", "transform"} & sys.modules.keys()


def _platforms(dags: dict[str, Any]) -> set[str]:
    tasks = dags["extract_social_metrics"].task_ids
    return {task.removesuffix(".extract_batch") for task in tasks if task.endswith(".extract_batch")}


@pytest.mark.parametrize(
    ("problem", "is_tried_again"),
    [(UsageProblem("x"), False), (WarehouseProblem("x"), True), (ClockProblem("x"), True)],
    ids=lambda value: type(value).__name__,
)
def test_error_is_retried_where_a_retry_can_help(problem: UsageProblem, is_tried_again: bool) -> None:
    """A clock that was set during a capture is decided by the next try, which reads the batch again."""
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from social_metrics.orchestration.failures import translate_errors

    with pytest.raises(AirflowException) as raised, translate_errors():
        raise problem
    assert isinstance(raised.value, AirflowFailException) is not is_tried_again
