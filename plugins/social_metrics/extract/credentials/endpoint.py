"""Checks of a connection's address: the platform's own hosts or the simulator, and the clock that belongs to it."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from social_metrics.clock import Clock, SystemClock
from social_metrics.contract import Source
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.run_clock import RunClock
from social_metrics.extract.simulated_clock import SimulatedClock
from social_metrics.registry.account import Account
from social_metrics.registry.registry import DEMO_HANDLE_PREFIX, Platform


def clock_of(connection: PlatformConnection) -> Clock:
    """The clock of a capture through this connection: the system's, or the simulator's where it is set.

    Raises:
        UsageProblem: a simulated clock is set for an address that is not the simulator's.
    """
    if not connection.simulated_clock:
        return SystemClock()
    try:
        return SimulatedClock(connection.base_url)
    except ValueError as error:
        raise UsageProblem(str(error)) from error


def source_of(platform: Platform, connection: PlatformConnection) -> Source:
    """The source behind a connection: the platform's own hosts over TLS, or the simulator.

    Raises:
        UsageProblem: it is another host, or a simulated clock is set for a real platform.
    """
    parts = urlsplit(connection.base_url)
    host = parts.hostname
    if host in platform.allowed_api_hosts:
        if (parts.scheme, parts.port, parts.username, parts.path) != ("https", None, None, ""):
            raise UsageProblem(
                f"The connection of {platform.platform_label} points at {parts.scheme}://{host}, with another scheme, "
                f"port, user or path than https://{host}. Credentials go over TLS to that host only; correct the host."
            )
        if connection.simulated_clock:
            raise UsageProblem(
                f"The connection of {platform.platform_label} points at {host} and has simulated_clock set. "
                "A capture from a real platform is stored under the real time; remove simulated_clock."
            )
        return Source.API
    try:
        SimulatedClock(connection.base_url)
    except ValueError as error:
        allowed = ", ".join(platform.allowed_api_hosts)
        raise UsageProblem(
            f"The connection of {platform.platform_label} points at {host}, which is neither the simulator nor one "
            f"of its hosts ({allowed}). Correct the host. ({error})"
        ) from error
    return Source.SIMULATOR


def run_clock_of(connection: PlatformConnection) -> RunClock:
    """The connection's clock for one run; a simulator's clock is not monitored."""
    clock = clock_of(connection)
    return RunClock(clock, steady=None) if connection.simulated_clock else RunClock(clock)


def refuse_demo_accounts(accounts: Iterable[Account], source: Source) -> None:
    """Refuse to request the demo's accounts from a real platform.

    Raises:
        UsageProblem: an account has a demo handle, and the source is a real platform.
    """
    for account in accounts:
        if source is Source.API and (account.handle or "").startswith(DEMO_HANDLE_PREFIX):
            raise UsageProblem(
                f"{account.account_code} has the demo's handle {account.handle}, but the connection points at the real "
                "platform. Set SOCIAL_METRICS_REGISTRY_DIR to the production registry."
            )
