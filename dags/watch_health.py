"""
### Health alerts

Every ten minutes: checks connections, tokens and their remaining days, budgets, unread accounts, silent platforms,
withdrawn metrics, due reviews, disk, clocks, migrations and the last transform, and records alerts in `ops.alerts`.

A rejected credential is reported at once and once. Everything else waits for one message in the evening
(`SOCIAL_METRICS_ALERT_DEADLINE`, 21:30 WIB). `docs/runbook.md` says what each alert means and what to do next.

When a run is red: a message could not be sent, or the warehouse does not answer; the end of the log says which. A
stopped scheduler cannot report itself: run `social-metrics watch` by cron on another machine.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.tasks.operations import watch_health

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
    watch_health()
