"""
### The day's seal

At ten past midnight WIB, after the last sweep: every row of the days that are over and that no seal covers yet is
hashed, and the hashes are chained to all seals before (docs/audit.md). What comes later has a seal of its own, so that
evidence from before a close shows when it was tampered with before the close.

What to do when it is red: read the sentence at the end of the log and clear the task. A seal that was missed is made
by the next one; until then the day's rows wait under none, which `social-metrics verify` counts.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.operators.seal_day import SealDayOperator

with DAG(
    "seal_evidence",
    schedule=CronTriggerTimetable("10 0 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "audit"],
    default_args={
        "owner": "data-team",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(minutes=30),
    },
):
    SealDayOperator(task_id="seal_day")
