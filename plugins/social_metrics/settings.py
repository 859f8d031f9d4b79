"""Settings from the environment: one prefix, read in one place, listed in docs/configuration.md."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from social_metrics.errors import UsageProblem

REPOSITORY = Path(__file__).resolve().parents[2]
_IN_WHEEL = Path(__file__).resolve().with_name("site")
SITE = _IN_WHEEL if _IN_WHEEL.is_dir() else REPOSITORY
"""Where dags/, dbt_project/ and bi/dashboards/ are: in a wheel's package (setup.py), or at the checkout's top level."""
DEFAULT_REGISTRY = SITE / "dbt_project" / "seeds" / "registry"
DEFAULT_STATE = REPOSITORY / ".demo" if SITE == REPOSITORY else Path.home() / ".local" / "state" / "social-metrics"


class Settings(BaseSettings):
    """All settings; docs/configuration.md prints the descriptions of the fields."""

    model_config = SettingsConfigDict(env_prefix="SOCIAL_METRICS_", extra="ignore")

    registry_dir: Path = Field(
        default=DEFAULT_REGISTRY, description="Folder of the registry's seed files; dbt reads the same."
    )
    dbt_project_dir: Path = Field(default=SITE / "dbt_project", description="The dbt project.")
    state_dir: Path = Field(default=DEFAULT_STATE, description="Where local state and dbt's working files go.")
    credentials_key: str | None = Field(
        default=None, description="Fernet key(s), comma-separated, for ops.credentials."
    )
    capture_cron: str = Field(
        default="0,30 20-23 * * *",
        description="Ingestion runs, WIB: the first at 20:00, retry runs for missing accounts until 23:30.",
    )
    capture_begins: time = Field(
        default=time(20, 0),
        description="WIB time from which a capture completes an account for the day; an earlier one is repeated.",
    )
    capture_last_attempt: time = Field(
        default=time(23, 30),
        description="WIB time of the day's last attempt: from then on every missing account is read once more, even "
        "while a circuit breaker is open.",
    )
    capture_cutoff: time = Field(default=time(23, 45), description="WIB time after which no capture starts.")
    alert_deadline: time = Field(
        default=time(21, 30),
        description="WIB time of the day's message of alerts; accounts not read by then are late.",
    )
    alert_webhook_url: str | None = Field(
        default=None, description="Where alerts are posted as JSON (`text`, `alerts`); without it they are not posted."
    )
    alert_sender: str = Field(default="social-metrics@localhost", description="Sender of the alerts' e-mails.")
    smtp_url: str | None = Field(
        default=None,
        description="smtp://user:password@host:port (STARTTLS where offered) or smtps://…; no e-mail without it. "
        "Recipients stand in the registry's roles.csv.",
    )
    airflow_keep_days: int = Field(
        default=90, ge=1, description="Days of runs, logs and XComs that stay in Airflow's own database."
    )
    airflow_health_url: str | None = Field(
        default=None,
        description="Airflow's /api/v2/monitor/health, to watch the scheduler's heartbeat from outside.",
    )
    manual_entry_max_age_days: int = Field(
        default=45, ge=1, description="Manual entries with a screenshot older than this many days are rejected."
    )
    manual_entry_inbox: str | None = Field(
        default=None,
        description="Where the centers put filled workbooks and their screenshots, a folder per center code: a path, "
        "or an object store's address (s3://bucket/prefix); without it .demo/inbox.",
    )
    center_answer_working_days: int = Field(
        default=2,
        ge=0,
        description="Working days (holidays: seeds/rules/holidays.csv) after the draft of a month in which the centers "
        "may answer its exceptions; with 0 the close does not wait.",
    )
    reports_destination: str | None = Field(
        default=None,
        description="Where issued reports are put: a path, or an object store's address (s3://bucket/prefix); without "
        "it .demo/reports.",
    )
    boards_page: str | None = Field(
        default=None,
        description="Where every transform publishes the boards page: a file's path, or an object store's address "
        "(s3://bucket/boards.html); without it .demo/boards.html.",
    )
    lake: str | None = Field(
        default=None,
        description="Where raw is exported as Parquet for Spark: a path, or an object store's address "
        "(s3://bucket/prefix); without it there is no export.",
    )
    spark_master: str = Field(
        default="local[*]",
        description="Spark's cluster that builds marts from the lake: spark://host:port, or local[*] for this machine.",
    )
    spark_shuffle_partitions: int = Field(
        default=200,
        ge=1,
        description="Partitions of Spark's joins; a few per core, 4 for a demo's marts.",
    )
    spark_dbt: Path | None = Field(
        default=None, description="dbt with Spark's adapter; without it .venv-spark/bin/dbt (`make venv-spark`)."
    )
    http_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Timeout of one HTTP connection, and of each wait for its next bytes."
    )
    http_reply_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Longest time for one whole HTTP reply, however steadily its bytes come; then it is invalid.",
    )
    http_max_reply_megabytes: float = Field(
        default=16.0, gt=0, description="Largest HTTP reply after decompression, in MiB; a larger one is invalid."
    )
    http_attempts: int = Field(
        default=3, ge=1, le=6, description="Tries of one call before its account gets an outcome."
    )
    http_max_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        description="Longest wait for Retry-After inside a task; a longer one is left to the next retry run.",
    )
    listing_max_loss: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Share of the known posts that one listing may lack and still be believed (docs/operations.md).",
    )
    log_key: str | None = Field(
        default=None,
        description="Key that signs the checkpoints of the seals, from `social-metrics keys new`; never in the "
        "warehouse. Without it or its file nothing is signed.",
    )
    log_key_file: Path | None = Field(default=None, description="File that holds this key instead.")
    log_verifier_keys: str | None = Field(
        default=None,
        description="Verifier keys of the log, comma-separated, retired ones included: with them `verify` checks "
        "checkpoints. Without it that of the log's key.",
    )
    checkpoints_dir: Path | None = Field(
        default=None,
        description="Folder of the signed checkpoints, outside of the warehouse's machine; without it "
        ".demo/checkpoints.",
    )
    timestamp_url: str | None = Field(
        default=None,
        description="A time-stamp authority (RFC 3161) that stamps every nightly checkpoint; needs the extra `audit`.",
    )
    timestamp_certificates: Path | None = Field(
        default=None,
        description="File (PEM) of the authority's root certificates, with which `verify` reads its stamps.",
    )
    witness_keys: str | None = Field(
        default=None,
        description="Verifier keys of the witnesses, comma-separated: whose cosignatures `verify` and `checkpoint "
        "accept` read.",
    )
    notary_url: str | None = Field(
        default=None,
        description="postgresql://… of the warehouse for `social-metrics copy-answers`, as a login of the group "
        "social_metrics_notary; never in the environment of Airflow's tasks.",
    )
    notary_airflow_url: str | None = Field(
        default=None,
        description="postgresql://… of Airflow's own database for the same command, as a login that only reads it.",
    )
    bi_password: str | None = Field(
        default=None, description="Password of the BI server's login that `social-metrics bi provision` uses."
    )
    bi_warehouse_url: str | None = Field(
        default=None,
        description="postgresql://host:port/database of the warehouse as the BI server reaches it, where that differs "
        "from this machine; logins and passwords come from `bi_login` and `bi_login_key`.",
    )
    bi_login: str = Field(
        default="social_metrics_bi",
        pattern="^[a-z_][a-z0-9_]*$",
        max_length=40,
        description="Name of leadership's login for BI tools; a center's is this with `_` and its code after it.",
    )
    bi_login_key: str | None = Field(
        default=None,
        min_length=16,
        description="Secret from which the passwords of these logins are derived; "
        "bi/superset/superset_config.py needs the same.",
    )
    recompute_login: str | None = Field(
        default=None,
        pattern="^[a-z_][a-z0-9_]*$",
        max_length=63,
        description="Login as which the rules of a month are computed, created by `social-metrics migrate`; without it "
        "the service login's name with `_recompute` after it. Its password is drawn for each use.",
    )
    backup_key: str | None = Field(
        default=None,
        description="Fernet key(s), comma-separated, that encrypt what `social-metrics backup` writes; without one it "
        "is not encrypted.",
    )
    postgres_programs: Path | None = Field(
        default=None,
        description="Folder of pg_dump and pg_restore of the server's major version; without it those on PATH.",
    )
    postgres_url: str | None = Field(
        default=None,
        description="postgresql://administrator:password@host:port/postgres of a server (15 or newer) that the "
        "local stack and the tests use instead of the embedded PostgreSQL.",
    )
    airflow_port: int | None = Field(
        default=None,
        gt=0,
        lt=65536,
        description="Local stack: port of Airflow; without it 8080, or a free one when taken.",
    )
    simulator_port: int | None = Field(
        default=None, gt=0, lt=65536, description="Local stack: port of the simulator; without it a free one."
    )

    @property
    def inbox(self) -> str:
        """Address of the folder in which workbooks arrive."""
        return self.manual_entry_inbox or (self.state_dir.resolve() / "inbox").as_uri()

    @property
    def reports(self) -> str:
        """Address of the folder of issued reports."""
        return self.reports_destination or (self.state_dir.resolve() / "reports").as_uri()

    @property
    def checkpoints(self) -> Path:
        """Folder of the signed checkpoints."""
        return self.checkpoints_dir or self.state_dir.resolve() / "checkpoints"


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        UsageProblem: a variable has an unusable value, or the times of the daily run contradict each other.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "SOCIAL_METRICS_" + str(first["loc"][0]).upper()
        raise UsageProblem(f"{name} has the unusable value {first['input']!r}: {first['msg']}. Correct it.") from error
    if settings.model_fields_set & _SCHEDULE:
        _check_schedule(settings)
    return settings


_SCHEDULE = {"capture_cron", "capture_begins", "capture_last_attempt", "capture_cutoff", "alert_deadline"}


def _check_schedule(settings: Settings) -> None:
    # Its import takes a fifth of a second, which the default values need not cost.
    from croniter import CroniterError, croniter_range  # type: ignore[import-untyped]

    cron = settings.capture_cron
    try:
        runs = {run.time() for run in croniter_range(datetime(2026, 1, 5), datetime(2026, 1, 11, 23, 59), cron)}  # noqa: DTZ001
    except CroniterError as error:
        raise UsageProblem(
            f"SOCIAL_METRICS_CAPTURE_CRON {cron!r} is no cron expression: {error}. Correct it."
        ) from error
    begins, last, cutoff = settings.capture_begins, settings.capture_last_attempt, settings.capture_cutoff
    rules = {
        "SOCIAL_METRICS_CAPTURE_BEGINS is the time of a run": begins in runs,
        "SOCIAL_METRICS_CAPTURE_LAST_ATTEMPT is later than it": last > begins,
        "SOCIAL_METRICS_CAPTURE_LAST_ATTEMPT is the time of the last run": last == max(runs, default=None),
        "SOCIAL_METRICS_CAPTURE_CUTOFF is later than the last attempt": cutoff > last,
        "SOCIAL_METRICS_ALERT_DEADLINE is later than the first run": settings.alert_deadline > begins,
    }
    if broken := [rule for rule, holds in rules.items() if not holds]:
        raise UsageProblem(
            f"The times of the daily run (WIB) contradict each other: SOCIAL_METRICS_CAPTURE_CRON {cron!r}, "
            f"SOCIAL_METRICS_CAPTURE_BEGINS {begins:%H:%M}, SOCIAL_METRICS_CAPTURE_LAST_ATTEMPT {last:%H:%M}, "
            f"SOCIAL_METRICS_CAPTURE_CUTOFF {cutoff:%H:%M}, SOCIAL_METRICS_ALERT_DEADLINE "
            f"{settings.alert_deadline:%H:%M}. Set them so that {broken[0]}."
        )


@contextmanager
def environment_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the block, and restore what they were afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
