"""The simulated clock and the time formats of the platforms. Instants are UTC epoch seconds."""

import time
from datetime import UTC, date, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulator import SimulatorError

DAY = 86_400
WIB_OFFSET = 7 * 3600
WIB = ZoneInfo("Asia/Jakarta")
PACIFIC = ZoneInfo("America/Los_Angeles")
_EPOCH = date(1970, 1, 1)


class Clock:
    """A settable clock: stopped, or ticking with real time."""

    def __init__(self, now: int, ticking: bool = False) -> None:
        self._base = now
        self._ticking = ticking
        self._started = time.monotonic()

    def now(self) -> int:
        """The simulated instant, in UTC epoch seconds."""
        return self._base + int(time.monotonic() - self._started) if self._ticking else self._base

    def set(self, now: int) -> None:
        """Sets the clock to an instant, earlier or later."""
        self._base = now
        self._started = time.monotonic()

    def tick(self, ticking: bool) -> None:
        """Starts or stops the clock at the present simulated instant."""
        self.set(self.now())
        self._ticking = ticking


def parse_instant(text: str) -> int:
    """Epoch seconds of an ISO instant with an offset, e.g. `2026-11-24T20:00:00+07:00`.

    Raises SimulatorError for an invalid instant or a missing offset.
    """
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise SimulatorError(f"{text!r} is not an instant; write it like 2026-11-24T20:00:00+07:00.") from error
    if moment.tzinfo is None:
        raise SimulatorError(f"{text!r} has no offset; add Z or +07:00.")
    return int(moment.timestamp())


def parse_date(text: str) -> date:
    """A calendar date. Raises SimulatorError for an invalid one."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SimulatorError(f"{text!r} is not a date; write it like 2026-11-24.") from error


@lru_cache(maxsize=131_072)
def iso_utc(instant: int) -> str:
    """`2026-11-24T13:00:00Z`."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=131_072)
def iso_milliseconds(instant: int) -> str:
    """`2026-11-24T13:00:00.000Z`, the format of X."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@lru_cache(maxsize=131_072)
def iso_graph(instant: int) -> str:
    """`2026-11-24T13:00:00+0000`, the format of the Graph API."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


@lru_cache(maxsize=131_072)
def http_date(instant: int) -> str:
    """The format of the `Date` header."""
    return formatdate(instant, usegmt=True)


def wib_day(instant: int) -> int:
    """The WIB calendar day as a count of days since 1970-01-01."""
    return (instant + WIB_OFFSET) // DAY


def day_number(day: date) -> int:
    """A calendar date as a count of days since 1970-01-01."""
    return (day - _EPOCH).days


def date_of(number: int) -> date:
    """The calendar date of a day number."""
    return _EPOCH + timedelta(days=number)


def wib_midnight(number: int) -> int:
    """Start of a WIB day."""
    return number * DAY - WIB_OFFSET


@lru_cache(maxsize=131_072)
def pacific_midnight(instant: int) -> int:
    """Start of YouTube's quota day (Pacific Time)."""
    local = datetime.fromtimestamp(instant, PACIFIC)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
