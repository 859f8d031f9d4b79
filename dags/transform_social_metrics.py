"""
### From raw to the boards

Starts when new captures are in raw (asset `social_metrics_raw`) or manual entries were confirmed
(`social_metrics_entries`), and builds what the boards read.

- **staging**, **intermediate**, **marts** run dbt once per layer, with the data tests that the layer completes. The
  result of each model and test is kept in `ops.dbt_results`. **marts** publishes the asset `social_metrics_marts`.
- **publish_boards** writes the boards page to `SOCIAL_METRICS_BOARDS_PAGE`: one file that needs no server.
- **land_lake** exists where `SOCIAL_METRICS_LAKE` is set: it writes raw there as Parquet, beside the later layers; the
  boards do not wait for it.

A transform and a month close never run at the same time: both take the marts' advisory lock.

When a run is red: the end of the failed task's log names the model or test. Fix it and clear the task; a second build
from the same raw gives the same rows.
"""

from datetime import timedelta

from airflow.sdk import DAG, chain

from social_metrics.orchestration.assets import ENTRIES, MARTS, RAW
from social_metrics.orchestration.tasks.transform import build_layer, land_lake, publish_boards
from social_metrics.settings import load_settings

with DAG(
    "transform_social_metrics",
    schedule=RAW | ENTRIES,
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "transform"],
    default_args={
        "owner": "data-team",
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(hours=1),
    },
):
    staging = build_layer.override(task_id="staging")(layer="staging")
    intermediate = build_layer.override(task_id="intermediate")(layer="intermediate")
    marts = build_layer.override(task_id="marts", outlets=[MARTS])(layer="marts")
    boards = publish_boards.override(execution_timeout=timedelta(minutes=10))()
    chain(staging, intermediate, marts, boards)
    if load_settings().lake:
        staging >> land_lake()  # by then captions are tagged
