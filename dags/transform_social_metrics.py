"""
### From raw to the boards

Starts when new captures are in raw (asset `social_metrics_raw`) or hand entries were confirmed
(`social_metrics_entries`), and rebuilds what the boards read: one dbt
invocation per layer, with the data tests that the layer completes. What became of each model and test is kept
in `ops.dbt_results`. At the end the asset `social_metrics_marts` is published, and the boards page goes to
`SOCIAL_METRICS_BOARDS_PAGE`: one file that needs no server.

Where `SOCIAL_METRICS_LAKE` names a lake, `land_lake` brings raw there as Parquet, beside the layers; the boards do not
wait for it.

A transform and a month close never run at the same time: both hold the marts' advisory lock.

What to do when it is red: the end of the failed task's log names the model or test. Clear the task after
mending it; building again from the same raw gives the same rows.
"""

from datetime import timedelta

from airflow.sdk import DAG, chain

from social_metrics.orchestration.assets import ENTRIES, MARTS, RAW
from social_metrics.orchestration.operators.build_layer import BuildLayerOperator
from social_metrics.orchestration.operators.land_lake import LandLakeOperator
from social_metrics.orchestration.operators.publish_boards import PublishBoardsOperator
from social_metrics.settings import load_settings
from social_metrics.transform.run import LAYERS

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
    *earlier, last = LAYERS
    first, *between = (BuildLayerOperator(task_id=layer, layer=layer) for layer in earlier)
    chain(
        first,
        *between,
        BuildLayerOperator(task_id=last, layer=last, outlets=[MARTS]),
        PublishBoardsOperator(task_id="publish_boards", execution_timeout=timedelta(minutes=10)),
    )
    if load_settings().lake:
        first >> LandLakeOperator(task_id="land_lake")  # the first layer has read the captions; boards wait for no lake
