"""
### Retention

At 00.40 WIB, after the daily seal: empties or deletes counts, bytes and texts whose retention period has ended, by
platform, authorization and field, as `seeds/rules/retention_rules.csv` says with the source of each period. The same
holds for what was read before an owner withdrew the authorization, and for the texts of posts that were taken down.

`ops.purges` and `ops.purged_rows` record each loss with the hash of what went: seals and closed months still verify,
and the marts show `retention_expired`, never a zero and never a gap. `social-metrics retention` shows beforehand what
would go. Where `SOCIAL_METRICS_LAKE` is set, **land_lake** then rewrites the affected days of the lake.

When a run is red: nothing was purged (it is one transaction), or captions are kept until they can be tagged; the end
of the log says which. Fix it and clear the task soon: a period of 30 days allows no week of delay.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.tasks.operations import enforce_retention
from social_metrics.orchestration.tasks.transform import land_lake
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
    enforced = enforce_retention()
    if load_settings().lake:
        enforced >> land_lake()
