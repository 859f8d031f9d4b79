"""
### Maintenance

At 03.00 WIB, when nothing else runs:

- **maintain_partitions** creates raw's partitions three months ahead, and drops the months of bodies and captions
  that retention has emptied (evidence is never dropped: ADR 26).
- **vacuum_tables** vacuums and analyzes the marts and the tables they read.
- **clean_airflow** deletes what is older than `SOCIAL_METRICS_AIRFLOW_KEEP_DAYS` (90 days) from Airflow's own
  database. It is skipped where the connection `social_metrics_airflow` is missing.

When a run is red: nothing depends on it. A capture creates a missing partition itself, and yesterday's statistics do
for today. The end of the log says what is wrong; fix it and clear the task.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.tasks.operations import clean_airflow, maintain_partitions, vacuum_tables

with DAG(
    "maintain",
    schedule=CronTriggerTimetable("0 3 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "maintenance"],
    default_args={
        "owner": "data-team",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=2),
    },
):
    maintain_partitions()
    vacuum_tables()
    clean_airflow()
