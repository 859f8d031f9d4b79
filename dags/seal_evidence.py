"""
### Daily seal

At 00.10 WIB, after the last retry run: hashes every row of the ended days that no seal covers yet, and chains the
hashes to all earlier seals (docs/audit.md). Rows that arrive later get a seal of their own, so evidence that was
changed before a close shows it.

- **sign_checkpoint** signs the head of the log of seals, where its key is set, and keeps it outside of the warehouse.
- **mail_checkpoint** sends it to the inspectorate of roles.csv, with the request to its witness.

When a run is red: read the last message in the log and clear the task. The next run makes a missed seal; until then
`social-metrics verify` counts the day's rows as unsealed. "The warehouse's seals do not continue …" is no mishap: the
history was rewritten. Tell the inspectorate, and keep both the folder of checkpoints and the warehouse as they are.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from social_metrics.orchestration.tasks.checkpoints import mail_checkpoint, sign_checkpoint
from social_metrics.orchestration.tasks.operations import seal_day

with DAG(
    "seal_evidence",
    schedule=CronTriggerTimetable("10 0 * * *", timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "audit"],
    default_args={
        "owner": "data-team",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(minutes=30),
    },
):
    head = sign_checkpoint()
    seal_day() >> head
    mail_checkpoint(head)
