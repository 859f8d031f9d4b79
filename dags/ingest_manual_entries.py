"""
### Entry by hand

Picks filled templates up from the inbox (`SOCIAL_METRICS_MANUAL_ENTRY_INBOX`: a folder, or an object store's address
such as `s3://bucket/inbox`, with one folder per center code), several times a day.

- **take_entries** takes each workbook whole, or puts it into `returned/` with remarks beside its rows. Whoever may
  write into a center's folder enters that center and no other. Screenshots lie beside the workbook.
- **confirm_entries** asks a second person (Required Actions), one form per workbook: look at the screenshots first.
  Who entered a row cannot confirm it: the task fails in a sentence, and clearing it asks somebody else.
- **publish_entries** publishes the asset `social_metrics_entries`, from which the transform starts. Unconfirmed
  entries count nowhere.

What to do when it is red: read the sentence at the end of the failed task's log. Entries wait in the warehouse
whatever becomes of the run: `social-metrics entry list` shows them, `social-metrics entry confirm` decides.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.operators.confirm_entries import ConfirmEntriesOperator
from social_metrics.orchestration.operators.publish_entries import PublishEntriesOperator
from social_metrics.orchestration.operators.take_entries import TakeEntriesOperator

with DAG(
    "ingest_manual_entries",
    schedule=CronTriggerTimetable("15,45 7-22 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=16,  # a run waits for a person, and must not keep the next workbook waiting
    doc_md=__doc__,
    tags=["social-metrics", "manual-entry"],
    default_args={
        "owner": "pr-team",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=25),
    },
):
    taken = TakeEntriesOperator(task_id="take_entries", max_active_tis_per_dag=1)
    # The wait is for a person and has its own limit; an answer that is refused is not asked for again by itself.
    confirmed = ConfirmEntriesOperator.partial(
        task_id="confirm_entries", retries=0, response_timeout=timedelta(days=7)
    ).expand_kwargs(taken.output)
    PublishEntriesOperator(task_id="publish_entries", decisions=confirmed.output, trigger_rule="all_done")
