"""The metrics of the semantic models, asked through MetricFlow: followers are never summed over dates."""

import csv
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from tests.dbt.reference.histories import evidence_of
from tests.support.dbt_runner import PROJECT, Warehouse, dbt_environment, failures
from tests.support.factories import Evidence

Make = Callable[[Evidence], Warehouse]
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Make) -> Warehouse:
    built = make_warehouse(evidence_of(list(range(20))))
    built.build("--exclude", "test_type:data")
    return built


@pytest.fixture(scope="module")
def ask(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Query metrics as a BI tool would, without the `mf` program, which asks the network for its newest version."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    # MetricFlow reads target/semantic_manifest.json in the project's own folder: give it another than the repository.
    folder = tmp_path_factory.mktemp("semantics") / "dbt_project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
    warehouse.project = warehouse.state = folder
    with dbt_environment(warehouse):
        arguments = ["--quiet", "--project-dir", str(folder), "--profiles-dir", str(folder)]
        assert dbtRunner().invoke(["parse", *arguments]).success
        configuration = CLIConfiguration()
        configuration.setup(folder, folder, configure_file_logging=False)

    def query(metrics: Sequence[str], by: Sequence[str], **options: Any) -> list[dict[str, Any]]:
        request = MetricFlowQueryRequest.create(metric_names=list(metrics), group_by_names=list(by), **options)
        with dbt_environment(warehouse):
            table = configuration.mf.query(request).result_df
        assert table is not None
        return [dict(zip(table.column_names, row, strict=True)) for row in table.rows]

    return query


@pytest.mark.slow
def test_followers_of_a_month_are_those_of_its_last_day(ask: Ask, warehouse: Warehouse) -> None:
    daily = warehouse.rows("marts.fct_follower_growth_daily")
    asked = {row["metric_time__month"].date(): row["followers"] for row in ask(["followers"], ["metric_time__month"])}
    for month, followers in asked.items():
        last = max(row["date_day"] for row in daily if row["date_day"].replace(day=1) == month)
        on_last = [row["followers_count"] for row in daily if row["date_day"] == last]
        assert (followers or 0) == sum(count for count in on_last if count is not None)
    assert len(asked) == 4


@pytest.mark.slow
def test_growth_and_completeness_are_ratios_of_sums(ask: Ask, warehouse: Warehouse) -> None:
    months = [row for row in warehouse.rows("marts.fct_center_monthly") if row["growth"] is not None]
    asked = ask(["growth", "growth_rate", "posts_in_month"], ["metric_time__month"])
    for row in asked:
        mine = [found for found in months if found["month_start"] == row["metric_time__month"].date()]
        assert (row["growth"] or 0) == sum(found["growth"] for found in mine)
        if mine:
            baseline = sum(found["growth_baseline_count"] for found in mine)
            assert float(row["growth_rate"]) == pytest.approx(float(row["growth"]) / baseline)
    assert any(row["growth"] for row in asked)
    due = warehouse.rows("marts.fct_follower_growth_daily")
    (whole,) = ask(["completeness"], [])
    assert float(whole["completeness"]) == pytest.approx(sum(row["is_captured"] for row in due) / len(due))


@pytest.mark.slow
def test_every_metric_answers(ask: Ask, warehouse: Warehouse) -> None:
    result = warehouse.dbt("ls", "--resource-type", "metric", "--output", "name")
    assert result.success, failures(result)
    assert len(result.result) >= 12
    for metric in result.result:
        assert ask([metric], ["metric_time__month"]), metric


def test_every_mart_column_has_a_label_in_both_languages(warehouse: Warehouse) -> None:
    result = warehouse.dbt("parse")
    assert result.success, failures(result)
    columns = {
        column
        for node in result.result.nodes.values()
        if node.resource_type == "model" and node.fqn[1] == "marts"
        for column in node.columns
    }
    with (PROJECT / "seeds/rules/column_labels.csv").open(newline="", encoding="utf-8") as file:
        labels = list(csv.DictReader(file))
    assert [row["column_name"] for row in labels] == sorted({row["column_name"] for row in labels})
    assert all(row["label_id"] and row["label_en"] for row in labels)
    assert columns - {row["column_name"] for row in labels} == set()
    assert {row["column_name"] for row in labels} - columns == set(), "labels of columns that are in no mart"
