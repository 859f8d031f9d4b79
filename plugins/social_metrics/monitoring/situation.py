"""The situation that all checks look at: registry, settings, warehouse, connections, and the instant."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from social_metrics.clock import utc_now, wib_date, wib_instant
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings


@dataclass(frozen=True)
class Situation:
    """What all checks share.

    Args:
        registry: in force.
        settings: thresholds and places.
        url: the warehouse.
        now: UTC instant of the captures' clock.
        connection_of: gives a platform's connection; from Airflow, or from the environment.
    """

    registry: Registry
    settings: Settings
    url: str
    now: datetime
    connection_of: Callable[[str], PlatformConnection] = platform_connection

    @property
    def day(self) -> date:
        """The WIB date."""
        return wib_date(self.now)

    @property
    def minutes_left(self) -> int:
        """Minutes until no capture is started any more on this WIB date."""
        left = wib_instant(self.day, self.settings.capture_cutoff) - self.now
        return max(0, int(left.total_seconds() // 60))


def now_of(connections: Iterable[PlatformConnection]) -> datetime:
    """The UTC instant that a capture over these connections would carry: the simulator's when one points there.

    Raises:
        UsageProblem: a simulated clock is set, and no simulator answers there.
    """
    simulated = next((connection for connection in connections if connection.simulated_clock), None)
    return clock_of(simulated).now() if simulated else utc_now()


def now_of_registry(registry: Registry) -> datetime:
    """The same for all platforms of the registry; one without a usable connection has no clock.

    Raises:
        UsageProblem: a simulated clock is set, and no simulator answers there.
    """
    connections = []
    for name in registry.platforms:
        try:
            connections.append(platform_connection(name))
        except UsageProblem:
            continue  # the check of connections reports it
    return now_of(connections)
