"""
### This evening's capture

Reads every official account once: how many followers, and what was posted since. First at 20:00 WIB, then
in sweeps until 23:30 for what is still missing; a sweep after a complete evening asks no platform anything.

- **open_run** settles which WIB day it is. A run of another day (cleared, backfilled, late) is refused:
  a follower count read now is today's, and a missed day stays a visible gap.
- **<platform>.plan_batches** and **<platform>.extract_batch** read the accounts, one task per batch. An account
  that cannot be read has an outcome in `raw.capture_outcomes`; it does not fail its task.
- **publish_raw** publishes the asset `social_metrics_raw`, also when a platform is down, and says in the event
  how complete the evening is. The transform starts from it.
- **all_batches_ended** fails the run when a task crashed, while the transform goes on with what there is.

What to do when it is red: read the sentence at the end of the failed task's log. Never clear a run of an
earlier day; `social-metrics capture --missing` reads what is missing today.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronTriggerTimetable, TaskGroup

from social_metrics.orchestration.operators.extract_batch import ExtractBatchOperator
from social_metrics.orchestration.operators.open_run import OpenRunOperator
from social_metrics.orchestration.operators.plan_batches import PlanBatchesOperator
from social_metrics.orchestration.operators.publish_raw import PublishRawOperator
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings

SETTINGS = load_settings()
PLATFORMS = list(load_registry(SETTINGS.registry_dir).platforms)

# No start_date: with one, unpausing the DAG would make a run of yesterday's last sweep, only to refuse it.
with DAG(
    "extract_social_metrics",
    schedule=CronTriggerTimetable(SETTINGS.capture_cron, timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "capture"],
    default_args={
        "owner": "data-team",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=25),  # ends before the next sweep begins
    },
):
    evening = OpenRunOperator(task_id="open_run", platforms=PLATFORMS)
    publish = PublishRawOperator(task_id="publish_raw", day=evening.output, trigger_rule="all_done")
    ended = EmptyOperator(task_id="all_batches_ended", trigger_rule="none_failed")
    publish >> ended
    for platform in PLATFORMS:
        with TaskGroup(platform):
            plan = PlanBatchesOperator(task_id="plan_batches", platform=platform, day=evening.output)
            # One batch of a platform at a time: its batches share one credential, one budget and one rate limit.
            batches = ExtractBatchOperator.partial(
                task_id="extract_batch",
                platform=platform,
                day=evening.output,
                max_active_tis_per_dagrun=1,
            ).expand(account_codes=plan.output)
        batches >> [publish, ended]
