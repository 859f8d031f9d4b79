"""The simulator's clock: the only clock beside the machine's, accepted only from the simulator itself."""

import ipaddress
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import requests

SIMULATOR_HEADER = "X-Simulator"


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
