"""
### What may not be kept

At twenty to one WIB, after the day's seal: counts, bytes and words whose time is up are emptied or deleted, by
platform, authorization and field, as `seeds/rules/retention_rules.csv` says with the source of each period; so is what
was read before an owner took the authorisation back, and the words of posts that were taken down. Each loss stands in
`ops.purges` and `ops.purged_rows` with the hash of what went: seals and closed months still verify, and the marts show
`retention_expired`, never a zero and never a gap. `social-metrics retention` shows beforehand what would go.
Where there is a lake, its days are landed again without what went.

What to do when it is red: nothing was taken (it is one transaction), or captions could not be tagged and wait; the end
of the log says which. Mend it and clear the task: terms of 30 days leave no week to wait.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.operators.enforce_retention import EnforceRetentionOperator
from social_metrics.orchestration.operators.land_lake import LandLakeOperator
from social_metrics.settings import load_settings

with DAG(
    "enforce_retention",
    schedule=CronTriggerTimetable("40 0 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "retention"],
    default_args={
        "owner": "data-team",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(minutes=30),
    },
):
    enforced = EnforceRetentionOperator(task_id="enforce_retention")
    if load_settings().lake:
        enforced >> LandLakeOperator(task_id="land_lake")
