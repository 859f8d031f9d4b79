"""
### Month close

On the 2nd of a month at 06.00 WIB, after the retry runs of the 1st have ended: makes the month before an official
record. For another month trigger it with the parameter `month`, e.g. 2026-10. One run is one version.

- **draft** seals the evidence, computes the month from it and keeps the rules with it (docs/audit.md).
- **list_exceptions** and **answer_exceptions** ask every center that has exceptions (Required Actions), until the
  working days have passed (`SOCIAL_METRICS_CENTER_ANSWER_WORKING_DAYS`; holidays in seeds/rules/holidays.csv).
- **submit**, **check**, **approve** ask the data team, the PR team and the secretary. They must be three persons: the
  database refuses the same one twice, and the form is shown again. roles.csv of the registry names who may respond.
- **issue_reports**, **store_reports**, **mail_reports** make the reports and deliver them, each once.
- **close_again** starts a new run, and so a new version, after a refusal; the refused version stays readable.

A form that waits uses no worker slot. A step that was meanwhile taken on the command line is kept.

When a run is red: read the last message in the failed task's log, fix the cause, and clear the task. Nothing is signed
twice or in part: each step is one transaction.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param, chain

from social_metrics.orchestration.operators.answer_exceptions import AnswerExceptionsOperator
from social_metrics.orchestration.operators.close_again import CloseAgainOperator
from social_metrics.orchestration.operators.sign_close import SignCloseOperator
from social_metrics.orchestration.tasks.close import draft_month, list_exceptions
from social_metrics.orchestration.tasks.reports import issue_month_reports, mail_reports, store_reports

with DAG(
    "close_month",
    schedule=CronTriggerTimetable("0 6 2 * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=4,  # a month that waits for a person must not delay the next one
    doc_md=__doc__,
    tags=["social-metrics", "audit"],
    params={"month": Param(None, type=["null", "string"], pattern=r"^\d{4}-\d{2}$", description="e.g. 2026-10")},
    # A retried form is shown again; a retry signs nothing.
    default_args={"owner": "data-team", "retries": 4, "retry_delay": timedelta(seconds=30)},
):
    half_hour, minutes = timedelta(minutes=30), timedelta(minutes=5)

    draft = draft_month.override(task_id="draft", execution_timeout=timedelta(hours=1))()
    centers = list_exceptions.override(execution_timeout=minutes)(close=draft)
    answers = AnswerExceptionsOperator.partial(task_id="answer_exceptions", close=draft).expand(center_code=centers)

    # Without an exception no center is asked.
    submit = SignCloseOperator(task_id="submit", action="submitted", close=draft, trigger_rule="none_failed")
    check = SignCloseOperator(task_id="check", action="checked", close=draft)
    approve = SignCloseOperator(task_id="approve", action="approved", close=draft)
    chain(answers, submit, check, approve)

    reports = issue_month_reports.override(task_id="issue_reports", execution_timeout=half_hour)(close=draft)
    approve >> reports
    store_reports.override(execution_timeout=half_hour)(digests=reports)
    mail_reports.override(execution_timeout=half_hour)(digests=reports)

    CloseAgainOperator(
        task_id="close_again",
        trigger_dag_id="close_month",
        close=draft,
        decisions=[submit.output, check.output, approve.output],
        trigger_rule="none_failed",
        execution_timeout=minutes,
    )
