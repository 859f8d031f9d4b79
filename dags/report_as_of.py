"""
### The page of the weekly meeting

On Mondays at 06.00 WIB: the page with both top fives as of Sunday evening, stamped ANGKA SEMENTARA, issued (and kept as
it was issued) and delivered to the folder and the offices of roles.csv. By hand: trigger it with `as_of`.

What to do when it is red: read the sentence at the end of the failed task's log and clear the task. What was delivered
is not sent again.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from social_metrics.orchestration.operators.deliver_papers import MailPapersOperator, StorePapersOperator
from social_metrics.orchestration.operators.issue_papers import IssueAsOfOperator

with DAG(
    "report_as_of",
    schedule=CronTriggerTimetable("0 6 * * 1", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "papers"],
    params={"as_of": Param(None, type=["null", "string"], format="date", description="e.g. 2026-11-22")},
    default_args={
        "owner": "data-team",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(minutes=30),
    },
):
    page = IssueAsOfOperator(task_id="issue_page")
    StorePapersOperator(task_id="store_page", papers=page.output)
    MailPapersOperator(task_id="mail_page", papers=page.output)
