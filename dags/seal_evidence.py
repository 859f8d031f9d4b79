"""
### Daily seal

At 00.10 WIB, after the last retry run: hashes every row of the ended days that no seal covers yet, and chains the
hashes to all earlier seals (docs/audit.md). Rows that arrive later get a seal of their own, so evidence that was
changed before a close shows it.

When a run is red: read the last message in the log and clear the task. The next run makes a missed seal; until then
`social-metrics verify` counts the day's rows as unsealed.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.tasks.operations import seal_day

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
    seal_day()
