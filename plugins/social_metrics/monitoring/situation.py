"""The situation that all checks look at: registry, settings, warehouse, connections, and the instant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from social_metrics.clock import wib_date, wib_instant
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.monitoring.completeness import now_of
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings

ConnectionOf = Callable[[str], PlatformConnection]


@dataclass(frozen=True)
class Situation:
    """What the looks share.

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
    connection_of: ConnectionOf

    @property
    def day(self) -> date:
        """The WIB date."""
        return wib_date(self.now)

    @property
    def minutes_left(self) -> int:
        """Minutes until no capture is started any more on this WIB date."""
        left = wib_instant(self.day, self.settings.capture_cutoff) - self.now
        return max(0, int(left.total_seconds() // 60))

    def expected(self, day: date) -> list[str]:
        """The accounts that an extractor reads on a WIB date."""
        names = self.registry.platforms
        return [account.account_code for name in names for account in self.registry.accounts_on(name, day)]


def situation_of(registry: Registry, settings: Settings, url: str) -> Situation:
    """What there is to be looked at from this shell.

    Raises:
        UsageProblem: a connection points at a simulator that does not answer.
    """
    connections: list[PlatformConnection] = []
    for name in registry.platforms:
        try:
            connections.append(platform_connection(name))
        except UsageProblem:
            continue  # told by the look itself, for platforms with accounts
    return Situation(registry, settings, url, now_of(connections), platform_connection)
