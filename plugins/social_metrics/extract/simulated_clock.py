"""The simulator's clock, accepted only from the simulator itself."""

import ipaddress
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import requests

SIMULATOR_HEADER = "X-Simulator"


class SimulatedClock:
    """The simulator's clock, read once and then advanced by the real elapsed time.

    Raises:
        ValueError: the address is not the simulator's; a real platform never sets our clock.
    """

    def __init__(self, base_url: str) -> None:
        if not _is_local(base_url):
            raise ValueError(
                f"{urlsplit(base_url).netloc} is not an address of the simulator, which runs on this machine or in its "
                "container network. Credentials go to no other host; correct the connection's host."
            )
        address = f"{base_url.rstrip('/')}/_simulator/clock"
        try:
            reply = requests.get(address, timeout=10, allow_redirects=False)
        except requests.RequestException as error:
            raise ValueError(
                f"A simulated clock is set for {urlsplit(base_url).netloc}, which does not respond. "
                "Start the simulator (make up), or remove simulated_clock from the connection."
            ) from error
        if SIMULATOR_HEADER not in reply.headers or reply.status_code != 200:
            raise ValueError(
                f"A simulated clock is set for {urlsplit(base_url).netloc}, which is not the simulator. "
                "Remove simulated_clock from the connection: a capture is stored under the real time."
            )
        self._anchor = datetime.fromisoformat(reply.json()["now"]).astimezone(UTC)
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The simulated current instant, timezone-aware UTC."""
        return self._anchor + timedelta(seconds=time.monotonic() - self._started)


def _is_local(base_url: str) -> bool:
    """This machine, or a name without a dot: a service of the container network, never a public host."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or (host != "" and "." not in host)
