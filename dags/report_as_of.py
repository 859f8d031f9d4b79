"""
### Page of the weekly meeting

On Mondays at 06.00 WIB: the page with both top fives as of Sunday, stamped ANGKA SEMENTARA. For another date trigger
it with the parameter `as_of`.

- **issue_page** makes the page and keeps it as issued.
- **store_page** and **mail_page** deliver it to the folder and to the offices of roles.csv, each once.

When a run is red: read the last message in the failed task's log and clear the task. What was delivered is not sent
again.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from social_metrics.orchestration.tasks.reports import issue_provisional_page, mail_reports, store_reports

with DAG(
    "report_as_of",
    schedule=CronTriggerTimetable("0 6 * * 1", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "reports"],
    params={"as_of": Param(None, type=["null", "string"], format="date", description="e.g. 2026-11-22")},
    default_args={
        "owner": "data-team",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(minutes=30),
    },
):
    page = issue_provisional_page.override(task_id="issue_page")()
    store_reports.override(task_id="store_page")(digests=page)
    mail_reports.override(task_id="mail_page")(digests=page)
