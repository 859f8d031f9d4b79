"""
### Manual entries

Reads filled templates from the inbox (`SOCIAL_METRICS_MANUAL_ENTRY_INBOX`: a folder, or an object store's address
such as `s3://bucket/inbox`, with one folder per center code), every half hour from 07.15 to 22.45 WIB.

- **take_entries** takes each workbook as a whole, or moves it to `returned/<center code>/` with annotations beside its
  rows. A workbook in a center's folder may enter that center only. Screenshots lie beside the workbook. Links, pipes
  and files with a second name are refused.
- **confirm_entries** asks a second person (Required Actions), one form per workbook: check the screenshots first.
  The person who entered a row cannot confirm it, and the form is not assigned to her: the task and the run fail.
  Clearing the task with those downstream asks again, and publishes.
- **publish_entries** publishes the asset `social_metrics_entries`, from which the transform starts. Unconfirmed
  entries do not count.

When a run is red: read the last message in the failed task's log. Entries stay in the warehouse:
`social-metrics entry list` shows them, `social-metrics entry confirm` decides.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.operators.confirm_entries import ConfirmEntriesOperator
from social_metrics.orchestration.tasks.intake import publish_entries, take_entries

with DAG(
    "ingest_manual_entries",
    schedule=CronTriggerTimetable("15,45 7-22 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=16,  # a run waits for a person, and must not delay the next workbook
    doc_md=__doc__,
    tags=["social-metrics", "manual-entry"],
    default_args={
        "owner": "pr-team",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=25),
    },
):
    taken = take_entries.override(max_active_tis_per_dag=1)()
    # The form has its own time limit; a refused answer is not asked for again by itself.
    confirmed = ConfirmEntriesOperator.partial(
        task_id="confirm_entries", retries=0, response_timeout=timedelta(days=7)
    ).expand_kwargs(taken)
    publish_entries.override(trigger_rule="none_failed")(decisions=confirmed.output)
