"""
### Upkeep

At three WIB, when nothing else runs: raw's partitions are made three months ahead; months of bodies and captions that
retention has emptied are detached and dropped (evidence itself is never: ADR 26); the marts and what they stand on are
vacuumed and counted; and Airflow's own database forgets what is older than `SOCIAL_METRICS_AIRFLOW_KEEP_DAYS`, 90 days.

What to do when it is red: nothing waits for it. A capture makes a missing month itself, and yesterday's statistics do
for today; the end of the log says what is wrong. Mend it and clear the task. `clean_airflow` is skipped where no
connection `social_metrics_airflow` says where Airflow's own database is.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.operators.upkeep import CleanAirflowOperator, KeepMonthsOperator, VacuumTablesOperator

with DAG(
    "maintain",
    schedule=CronTriggerTimetable("0 3 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "upkeep"],
    default_args={
        "owner": "data-team",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=2),
    },
):
    KeepMonthsOperator(task_id="keep_months")
    VacuumTablesOperator(task_id="vacuum_tables")
    CleanAirflowOperator(task_id="clean_airflow")
