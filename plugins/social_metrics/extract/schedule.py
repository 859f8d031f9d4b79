"""When the day's ingestion runs begin, and when the day's last attempt is made."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from social_metrics.clock import wib_instant
from social_metrics.settings import Settings


@dataclass(frozen=True, slots=True)
class RunSchedule:
    """The UTC instants between which the ingestion runs of one WIB date take place."""

    day: date
    begins: datetime
    last_attempt: datetime

    @classmethod
    def of(cls, day: date, settings: Settings) -> "RunSchedule":
        """The schedule of the WIB date `day`."""
        return cls(day, wib_instant(day, settings.capture_begins), wib_instant(day, settings.capture_last_attempt))

    def complete_from(self, now: datetime) -> datetime:
        """The instant from which a capture makes an account complete; once runs have begun, earlier captures do not."""
        return self.begins if now >= self.begins else datetime.min.replace(tzinfo=UTC)

    def next_chance(self, now: datetime) -> datetime:
        """When a refused credential is retried: at the day's last attempt, or at the next day's first run."""
        return self.last_attempt if now < self.last_attempt else self.begins + timedelta(days=1)
