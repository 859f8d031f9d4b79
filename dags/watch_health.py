"""
### Is everything well?

Every ten minutes: connections, tokens and their days left, budgets, unread accounts, silent platforms, withdrawn
metrics, reviews that are due, disk, clocks, migrations, the last transform. What is found stands in `ops.alerts`.

A failed credential is told at once and once. Everything else waits for the evening's one message
(`SOCIAL_METRICS_ALERT_DEADLINE`, 21:30 WIB). `docs/runbook.md` says what each alert means and how it is mended.

What to do when it is red: a message could not be sent, or the warehouse does not answer; the end of the log says which.
A scheduler that stands still cannot say so itself: run `social-metrics watch` by cron on another machine.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.operators.watch_health import WatchHealthOperator

with DAG(
    "watch_health",
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "health"],
    default_args={
        "owner": "data-team",
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=5),
    },
):
    WatchHealthOperator(task_id="watch_health")
