"""This machine's clock, and WIB dates (Asia/Jakarta), the reporting days of every center."""

from datetime import UTC, date, datetime, timedelta
from datetime import time as datetime_time
from typing import Protocol
from zoneinfo import ZoneInfo

WIB = ZoneInfo("Asia/Jakarta")


def utc_now() -> datetime:
    """The current instant by this machine's clock, timezone-aware UTC: no other module reads that clock."""
    return datetime.now(UTC)  # noqa: TID251


class Clock(Protocol):
    """A source of the current UTC instant."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""


class SystemClock:
    """The machine's clock, required for the capture of a real platform."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""
        return utc_now()


def wib_date(instant: datetime) -> date:
    """The WIB (Asia/Jakarta) date of an aware instant: the reporting day of every center."""
    return instant.astimezone(WIB).date()


def wib_day_start(day: date) -> datetime:
    """The UTC instant at which the WIB date `day` begins."""
    return datetime(day.year, day.month, day.day, tzinfo=WIB).astimezone(UTC)


def month_before(day: date) -> date:
    """The first day of the month before the one in which `day` lies."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_end(month_start: date) -> date:
    """The last day of the month that begins with `month_start`."""
    return (month_start + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def wib_instant(day: date, moment: datetime_time) -> datetime:
    """The UTC instant at which clocks in Jakarta show `moment` on the WIB date `day`."""
    return datetime.combine(day, moment, WIB).astimezone(UTC)
