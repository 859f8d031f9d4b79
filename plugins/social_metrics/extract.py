"""Where a capture begins: the shards of one platform, read now through its connection.

The connection decides which clock the capture carries and what its rows say of their source.
"""

import gc
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from social_metrics.capture_clock import CaptureClock
from social_metrics.clock import Clock, SimulatedClock, SystemClock
from social_metrics.connections import PlatformConnection
from social_metrics.contract import Source
from social_metrics.platform_capture import CaptureOrder, PlatformCapture, ShardReport
from social_metrics.registry.registry import Platform, Registry
from social_metrics.settings import Settings, UsageProblem

GARBAGE_THRESHOLD = 100_000
"""New objects after which Python looks for unreachable cycles while a shard is read."""


def capture_shard(platform_name: str, account_codes: Sequence[str], **options: Any) -> ShardReport:
    """`capture_shards` of one shard."""
    (report,) = capture_shards(platform_name, [account_codes], **options)
    return report


def capture_shards(
    platform_name: str,
    shards: Iterable[Sequence[str]],
    *,
    run_id: str,
    try_number: int,
    registry: Registry,
    connection: PlatformConnection,
    warehouse_url: str,
    settings: Settings,
    expected_day: date | None = None,
    on_demand: bool = False,
    on_shard: Callable[[ShardReport], None] = lambda _report: None,
) -> list[ShardReport]:
    """Read the accounts of these shards that are not settled today, and write each shard as soon as it was read.

    One capture of a platform runs at a time; a second one waits, and then asks for what the first left. A shard that
    the warehouse refuses is lost alone: the others are read and written before its error is raised.

    Args:
        platform_name: a platform of the registry.
        shards: account codes, shard by shard; each shard is one transaction.
        run_id: who asks: an Airflow run id, or a name that the CLI makes.
        try_number: 1 for the first try of this run.
        registry: the registry in force.
        connection: the platform's credential and address.
        warehouse_url: postgresql://… of the service login.
        settings: timeouts, tries, the credentials' key.
        expected_day: the WIB date that the caller believes it is; another date is refused.
        on_demand: a person asks: circuit breakers and waiting times do not hold back.
        on_shard: told about each shard once it is committed.

    Raises:
        PastDateRefused: `expected_day` is not today.
        ClockProblem: the machine's clock was set meanwhile, or the warehouse's shows another date.
        UsageProblem: the connection, the registry or the warehouse cannot be used.
        psycopg.Error: the warehouse refused a shard; nothing of it is kept.
    """
    _collect_garbage_rarely()
    platform = registry.platforms[platform_name]
    order = CaptureOrder(
        platform,
        registry,
        connection,
        source_of(platform, connection),
        _capture_clock(connection),
        warehouse_url,
        settings,
        run_id,
        try_number,
        expected_day,
        on_demand,
    )
    reports: list[ShardReport] = []

    def committed(report: ShardReport) -> None:
        reports.append(report)
        on_shard(report)

    PlatformCapture(order).capture(shards, committed)
    return reports


def _collect_garbage_rarely() -> None:
    """Let Python look for cycles less often: what a shard reads has none, and looking took 38 % of its processor time.

    What is loaded already, Airflow above all, is not looked at again.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def _capture_clock(connection: PlatformConnection) -> CaptureClock:
    """The connection's clock, watched unless it is the simulator's: nobody sets that one by accident."""
    clock = clock_of(connection)
    return CaptureClock(clock, steady=None) if connection.simulated_clock else CaptureClock(clock)


def clock_of(connection: PlatformConnection) -> Clock:
    """The clock that a capture through this connection carries: the system's, or the simulator's where it says so.

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
    """Where a connection leads: to the platform's own hosts, over TLS, or to the simulator.

    Raises:
        UsageProblem: it leads anywhere else, or a simulated clock is set for a real platform.
    """
    parts = urlsplit(connection.base_url)
    host = parts.hostname
    if host in platform.allowed_api_hosts:
        if (parts.scheme, parts.port, parts.username, parts.path) != ("https", None, None, ""):
            raise UsageProblem(
                f"The connection of {platform.platform_label} points at {parts.scheme}://{host} in another way than "
                f"https://{host}. The credential goes over TLS to that host only; correct the host."
            )
        if connection.simulated_clock:
            raise UsageProblem(
                f"The connection of {platform.platform_label} points at {host} and has simulated_clock set. "
                "A capture from a real platform carries the time at which it was made; take simulated_clock out."
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
