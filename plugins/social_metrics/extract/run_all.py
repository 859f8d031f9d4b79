"""A whole ingestion run outside Airflow: every platform and batch, for the CLI and the demo's history."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from social_metrics.errors import UsageProblem
from social_metrics.extract import state
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.platform_run import BatchReport, capture_batches
from social_metrics.extract.schedule import RunSchedule
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect


def open_batches(
    platform: str, day: date, registry: Registry, warehouse_url: str, settings: Settings
) -> list[list[str]]:
    """The platform's batches that have incomplete accounts on a WIB date.

    Only captures of the day's scheduled runs count; each batch checks again by its own clock.

    Raises:
        UsageProblem: the warehouse cannot be used.
    """
    batches = registry.batches(platform, day)
    if not batches:
        return []
    with connect(warehouse_url, "loader") as connection:
        begins = RunSchedule.of(day, settings).begins
        complete = state.complete_accounts(connection, platform, day, begins)
    return [codes for codes in batches if not complete.issuperset(codes)]


def capture_all(
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
    *,
    run_id: str,
    day: date,
    platforms: Sequence[str] | None = None,
    on_demand: bool = False,
    on_batch: Callable[[BatchReport], None] = lambda _report: None,
) -> list[BatchReport]:
    """Read every account that is still missing on the WIB date `day`, which must be today.

    Args:
        registry: the registry in force.
        settings: see `settings.Settings`.
        warehouse_url: postgresql://… of the service login.
        run_id: a name for this run, stored with every row.
        day: today's WIB date.
        platforms: only these; all of the registry by default.
        on_demand: see `capture_batches`.
        on_batch: called with the report of each batch, in its platform's thread.

    Raises:
        UsageProblem: an unknown platform, or a connection, registry or warehouse that cannot be used.
    """
    names = list(platforms or registry.platforms)
    for name in names:
        if name not in registry.platforms:
            raise UsageProblem(
                f"{name!r} is not a platform of the registry. Use one of {', '.join(registry.platforms)}."
            )
    batches = {name: planned for name in names if (planned := registry.batches(name, day))}
    with ThreadPoolExecutor(len(batches) or 1) as platforms_at_once:
        pending = [
            platforms_at_once.submit(
                capture_batches,
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
                on_batch=on_batch,
            )
            for name, planned in batches.items()
        ]
    return [report for captured in pending for report in captured.result()]
