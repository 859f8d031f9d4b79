"""The DAGs of maintenance and retention, run by Airflow against a real warehouse."""

import pytest

from tests.support.airflow_dags import AirflowStack


@pytest.mark.parametrize(
    ("dag_id", "states"),
    [
        ("maintain", {"maintain_partitions": "success", "vacuum_tables": "success", "clean_airflow": "skipped"}),
        ("enforce_retention", {"enforce_retention": "success"}),
    ],
)
def test_dag_succeeds_on_an_empty_warehouse(stack: AirflowStack, dag_id: str, states: dict[str, str]) -> None:
    run = stack.run(dag_id)
    assert run.task_states == states, run.output
    keys = stack.metadata("select distinct key from xcom where run_id = %s", run.run_id)
    assert keys == [("return_value",)], "a dictionary is one XCom"
