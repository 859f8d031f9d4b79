"""Which instant it is: the system's, or the simulator's for a connection that points at the simulator."""

import ipaddress
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as datetime_time
from typing import Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests

WIB = ZoneInfo("Asia/Jakarta")
SIMULATOR_HEADER = "X-Simulator"


def utc_now() -> datetime:
    """The current instant by this machine's clock, timezone-aware UTC: the only place that reads that clock."""
    return datetime.now(UTC)  # noqa: TID251


class Clock(Protocol):
    """A source of the current UTC instant."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""


class SystemClock:
    """The machine's clock: the only one that a real platform's capture may carry."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""
        return utc_now()


class SimulatedClock:
    """The simulator's clock, read once and then carried on by the time that really passes.

    Raises:
        ValueError: the address does not answer as the simulator; a real platform never sets our clock.
    """

    def __init__(self, base_url: str) -> None:
        if not _is_of_this_house(base_url):
            raise ValueError(
                f"{urlsplit(base_url).netloc} is no address of a simulator: that runs on this machine or in its "
                "container network. No other host is ever sent a credential."
            )
        address = f"{base_url.rstrip('/')}/_simulator/clock"
        try:
            reply = requests.get(address, timeout=10, allow_redirects=False)
        except requests.RequestException as error:
            raise ValueError(
                f"A simulated clock is set for {urlsplit(base_url).netloc}, which does not answer. "
                "Start the simulator (make up), or take simulated_clock out of the connection."
            ) from error
        if SIMULATOR_HEADER not in reply.headers or reply.status_code != 200:
            raise ValueError(
                f"A simulated clock is set for {urlsplit(base_url).netloc}, which is not the simulator. "
                "Take simulated_clock out of the connection: a capture carries the time at which it was made."
            )
        self._anchor = datetime.fromisoformat(reply.json()["now"]).astimezone(UTC)
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The simulated current instant, timezone-aware UTC."""
        return self._anchor + timedelta(seconds=time.monotonic() - self._started)


def _is_of_this_house(base_url: str) -> bool:
    """This machine, or a name without a dot: a service of the container network, which no public host can have."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or (host != "" and "." not in host)


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
