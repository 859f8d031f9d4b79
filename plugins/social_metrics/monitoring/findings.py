"""What checks find: alerts, each with its entry in docs/runbook.md, and lines that only `doctor` shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class AlertKind(StrEnum):
    """What an alert is about."""

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
    WAREHOUSE_DOWN = "warehouse_down"
    SESSION_TOO_LONG = "session_too_long"
    LOGIN_ALTERED = "login_altered"


NOTIFY_IMMEDIATELY = frozenset({AlertKind.CREDENTIAL_FAILED, AlertKind.WAREHOUSE_DOWN})
"""All other kinds go into one message a day."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong now.

    Args:
        kind: what it is about.
        subject: distinguishes it from others of its kind; it is reported once while it lasts.
        message: what is wrong, in a sentence.
        next_step: the command or the step that fixes it.
        center_code: the center whose officers are notified as well, where only they can fix it.
    """

    kind: AlertKind
    subject: str
    message: str
    next_step: str
    center_code: str | None = None

    @property
    def text(self) -> str:
        """Message and next step in one text."""
        return f"{self.message}\n→ {self.next_step}"


class Verdict(StrEnum):
    """How a check ended; a note needs no action."""

    GOOD = "good"
    NOTE = "note"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of `doctor`: what was checked, what was found, and the next step where there is one."""

    area: str
    verdict: Verdict
    message: str
    next_step: str | None = None


def shortened(names: Sequence[str], at_most: int) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")
