"""
### The month's close

On the second of a month at 06.00 WIB, after the first evening of the new month: the month before becomes an official
record. By hand: trigger it with the parameter `month`, e.g. 2026-10. One run is one version.

- **draft** seals what is there, computes the month from it and keeps the rules with it (docs/audit.md).
- **list_exceptions** and **answer_exceptions** ask every center that has exceptions (Required Actions), until the
  working days have passed (`SOCIAL_METRICS_CENTER_ANSWER_WORKING_DAYS`; holidays in seeds/rules/holidays.csv).
- **submit**, **check**, **approve** ask the data team, the PR team and the secretary. Three persons: the database
  refuses the same one twice, and the form comes back. Who may respond stands in roles.csv of the registry.
- **issue_papers**, **store_papers**, **mail_papers** make the papers and deliver them, each once.
- **close_again** starts a new run, and with it a new version, after a refusal; the refused one stays readable.

A form that waits holds no slot. What was signed on the command line meanwhile is taken as it is.

What to do when it is red: read the sentence at the end of the failed task's log, mend it, and clear the task. Nothing
is signed twice or half: each step is one transaction.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param, chain

from social_metrics.orchestration.operators.answer_exceptions import AnswerExceptionsOperator
from social_metrics.orchestration.operators.close_again import CloseAgainOperator
from social_metrics.orchestration.operators.deliver_papers import MailPapersOperator, StorePapersOperator
from social_metrics.orchestration.operators.draft_month import DraftMonthOperator
from social_metrics.orchestration.operators.issue_papers import IssueMonthOperator
from social_metrics.orchestration.operators.list_exceptions import ListExceptionsOperator
from social_metrics.orchestration.operators.sign_close import SignCloseOperator

with DAG(
    "close_month",
    schedule=CronTriggerTimetable("0 6 2 * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=4,  # a month that waits for a person must not keep the next one waiting
    doc_md=__doc__,
    tags=["social-metrics", "audit"],
    params={"month": Param(None, type=["null", "string"], pattern=r"^\d{4}-\d{2}$", description="e.g. 2026-10")},
    # A form that is tried again is a form that is put again: nothing is signed by it.
    default_args={"owner": "data-team", "retries": 4, "retry_delay": timedelta(seconds=30)},
):
    draft = DraftMonthOperator(task_id="draft", execution_timeout=timedelta(hours=1))
    exceptions = ListExceptionsOperator(
        task_id="list_exceptions", close=draft.output, execution_timeout=timedelta(minutes=5)
    )
    answers = AnswerExceptionsOperator.partial(task_id="answer_exceptions", close=draft.output).expand(
        center_code=exceptions.output
    )
    # Without an exception no center is asked.
    submit = SignCloseOperator(task_id="submit", action="submitted", close=draft.output, trigger_rule="none_failed")
    check = SignCloseOperator(task_id="check", action="checked", close=draft.output)
    approve = SignCloseOperator(task_id="approve", action="approved", close=draft.output)
    chain(draft, exceptions, answers, submit, check, approve)
    papers = IssueMonthOperator(task_id="issue_papers", close=draft.output, execution_timeout=timedelta(minutes=30))
    approve >> papers
    StorePapersOperator(task_id="store_papers", papers=papers.output, execution_timeout=timedelta(minutes=30))
    MailPapersOperator(task_id="mail_papers", papers=papers.output, execution_timeout=timedelta(minutes=30))
    CloseAgainOperator(
        task_id="close_again",
        trigger_dag_id="close_month",
        close=draft.output,
        decisions=[submit.output, check.output, approve.output],
        trigger_rule="none_failed",
        execution_timeout=timedelta(minutes=5),
    )
