"""The closed list of alerts; each has its entry in docs/runbook.md."""

from dataclasses import dataclass
from enum import StrEnum


class AlertKind(StrEnum):
    """What a message can be about."""

    CREDENTIAL_FAILED = "credential_failed"
    CREDENTIAL_EXPIRING = "credential_expiring"
    CONNECTION_BROKEN = "connection_broken"
    EVENING_LATE = "evening_late"
    DAY_MISSED = "day_missed"
    PLATFORM_DOWN = "platform_down"
    METRIC_WITHDRAWN = "metric_withdrawn"
    BUDGET_SHORT = "budget_short"
    REVIEW_DUE = "review_due"
    DISK_FULL = "disk_full"
    CLOCK_DRIFT = "clock_drift"
    MIGRATIONS_PENDING = "migrations_pending"
    TRANSFORM_FAILED = "transform_failed"
    MARTS_STALE = "marts_stale"
    PARTITION_MISSING = "partition_missing"
    SCHEDULER_SILENT = "scheduler_silent"


SPEAKS_AT_ONCE = frozenset({AlertKind.CREDENTIAL_FAILED})
"""Everything else waits for the evening's one message."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now.

    Args:
        kind: what it is about.
        subject: tells it from others of its kind; while it lasts it is told once.
        says: what is wrong, in a sentence.
        mend: the command or the step that mends it.
        center_code: the center whose officers are to be told as well, for what only they can mend.
    """

    kind: AlertKind
    subject: str
    says: str
    mend: str
    center_code: str | None = None

    @property
    def message(self) -> str:
        """Sentence and step, as one text."""
        return f"{self.says}\n→ {self.mend}"
