"""When an evening begins, when its last attempt is made, and what follows from it for a capture."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from social_metrics.clock import wib_instant
from social_metrics.settings import Settings


@dataclass(frozen=True, slots=True)
class RunSchedule:
    """The UTC instants of one WIB date between which a capture is the evening's."""

    day: date
    begins: datetime
    last_attempt: datetime

    @classmethod
    def of(cls, day: date, settings: Settings) -> "RunSchedule":
        """Those of the WIB date `day`."""
        return cls(day, wib_instant(day, settings.capture_begins), wib_instant(day, settings.capture_last_attempt))

    def complete_from(self, now: datetime) -> datetime:
        """From when on a capture settles the account: in the evening only the evening's do."""
        return self.begins if now >= self.begins else datetime.min.replace(tzinfo=UTC)

    def next_chance(self, now: datetime) -> datetime:
        """When a refused credential is tried again by itself: at the day's last attempt, or on the next evening."""
        return self.last_attempt if now < self.last_attempt else self.begins + timedelta(days=1)
