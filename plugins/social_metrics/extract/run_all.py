"""A whole evening's capture outside Airflow: every platform, every shard, for the CLI and the demo's history."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from social_metrics.errors import UsageProblem
from social_metrics.extract import state
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.platform_run import ShardReport, capture_shards
from social_metrics.extract.schedule import EveningTimes
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect


def open_shards(
    platform: str, day: date, registry: Registry, warehouse_url: str, settings: Settings
) -> list[list[str]]:
    """The platform's shards of a WIB date in which an account is still to be read; empty when all are settled.

    Only the evening's captures settle; each shard looks again by its own clock.

    Raises:
        UsageProblem: the warehouse cannot be used.
    """
    shards = registry.shards(platform, day)
    if not shards:
        return []
    with connect(warehouse_url, "loader") as connection:
        begins = EveningTimes.of(day, settings).begins
        settled = state.settled_accounts(connection, platform, day, begins)
    return [codes for codes in shards if not settled.issuperset(codes)]


def capture_evening(
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
    *,
    run_id: str,
    day: date,
    platforms: Sequence[str] | None = None,
    on_demand: bool = False,
    on_shard: Callable[[ShardReport], None] = lambda _report: None,
) -> list[ShardReport]:
    """Read every account that is still missing on the WIB date `day`, which must be today.

    Args:
        registry: the registry in force.
        settings: see `settings.Settings`.
        warehouse_url: postgresql://… of the service login.
        run_id: a name for this run, kept with every row.
        day: today's WIB date.
        platforms: only these; all of the registry by default.
        on_demand: see `capture_shards`.
        on_shard: told about each shard as it ends, in its platform's thread.

    Raises:
        UsageProblem: an unknown platform, or a connection, registry or warehouse that cannot be used.
    """
    names = list(platforms or registry.platforms)
    for name in names:
        if name not in registry.platforms:
            raise UsageProblem(f"{name!r} is not a platform of the registry; it has {', '.join(registry.platforms)}.")
    shards = {name: planned for name in names if (planned := registry.shards(name, day))}
    with ThreadPoolExecutor(len(shards) or 1) as platforms_at_once:
        pending = [
            platforms_at_once.submit(
                capture_shards,
                name,
                planned,
                run_id=run_id,
                try_number=1,
                registry=registry,
                connection=platform_connection(name),
                warehouse_url=warehouse_url,
                settings=settings,
                expected_day=day,
                on_demand=on_demand,
                on_shard=on_shard,
            )
            for name, planned in shards.items()
        ]
    return [report for captured in pending for report in captured.result()]
