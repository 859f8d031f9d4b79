"""
### Ingestion run

Reads every official account once a day: its followers, and its posts since the last run. The first run starts at
20:00 WIB; retry runs until 23:30 read what is still missing. After a complete day a retry run calls no platform.

- **open_run** decides the run date (WIB). A run of another date (cleared, backfilled, late) is refused: a follower
  count read now is today's, and a missed day stays a visible gap.
- **plan_batches** and **extract_batch**, in a task group per platform, read the accounts, one task per batch. An
  account that cannot be read has an outcome in `raw.capture_outcomes`; it does not fail its task.
- **publish_raw** publishes the asset `social_metrics_raw`, also when a platform is down. The event says how complete
  the day is, and the transform starts from it.
- **all_batches_ended** fails the run when a task failed; the transform runs nevertheless.

When a run is red: read the last message in the failed task's log. Never clear a run of an earlier date;
`social-metrics capture --missing` reads what is missing today.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronTriggerTimetable, TaskGroup

from social_metrics.orchestration.tasks.extract import extract_batch, open_run, plan_batches, publish_raw
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings

# A few small files; one that cannot be read is an import error that names file and line.
SETTINGS = load_settings()
PLATFORMS = load_registry(SETTINGS.registry_dir).platforms

# No start_date: with one, unpausing the DAG would start yesterday's last retry run, only to refuse it.
with DAG(
    "extract_social_metrics",
    schedule=CronTriggerTimetable(SETTINGS.capture_cron, timezone="Asia/Jakarta"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["social-metrics", "capture"],
    default_args={
        "owner": "data-team",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=25),  # ends before the next retry run starts
    },
):
    day = open_run(platforms=list(PLATFORMS))
    extracted = []
    for code, platform in PLATFORMS.items():
        with TaskGroup(code, tooltip=f"Reads the accounts on {platform.platform_label}, one task per batch."):
            batches = plan_batches(platform=code, day=day)
            # One batch of a platform at a time: its batches share one credential, one budget and one rate limit.
            extract = extract_batch.override(max_active_tis_per_dagrun=1).partial(platform=code, day=day)
            extracted.append(extract.expand(account_codes=batches))
    published = publish_raw.override(trigger_rule="all_done")(day=day)
    extracted >> published
    [*extracted, published] >> EmptyOperator(task_id="all_batches_ended", trigger_rule="none_failed")
