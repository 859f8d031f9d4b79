"""`social-metrics capture`: read what is still missing today, without Airflow."""

from typing import Annotated

import typer

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, new_table, output, print_json, progress
from social_metrics.clock import wib_date
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.extract.on_demand import platforms_to_read, refuse_after_cutoff
from social_metrics.extract.platform_run import BatchReport
from social_metrics.extract.run_all import capture_all
from social_metrics.monitoring.completeness import DayCompleteness, completeness_of
from social_metrics.monitoring.situation import now_of
from social_metrics.registry.next_steps import load_next_steps
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


def capture(
    missing: Annotated[
        bool,
        typer.Option("--missing", help="Only accounts not read yet today: always so, spelled out for scripts."),
    ] = True,
    platform: Annotated[list[str] | None, typer.Option(help="Only this platform; may be given more than once.")] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Read every official account that was not read yet today (WIB), now. Exit code 1 when some stay unread.

    A count read now is stored under now: no other date can be captured. After the cutoff no capture is started, because
    it might end on another date. Circuit breakers and waiting times do not stop it: run it after a credential was
    renewed. Accounts read before 20:00 WIB are read once more by the day's run.

    Examples:
    - `social-metrics capture --missing`
    - `social-metrics capture --platform youtube --platform x`
    """
    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        names = platforms_to_read(platform or list(registry.platforms), registry, settings)
        now = now_of(platform_connection(name) for name in names)
        refuse_after_cutoff(now, settings)
        day = wib_date(now)
        run_id = f"cli__{now.isoformat(timespec='seconds')}"
        with progress("Reading", sum(len(registry.batches(name, day)) for name in names), "batches") as advance:
            reports = capture_all(
                registry,
                settings,
                url,
                run_id=run_id,
                day=day,
                platforms=names,
                on_demand=True,
                on_batch=lambda _report: advance(),
            )
        with connect(url, "loader") as connection:
            completeness = completeness_of(connection, registry, day, names, load_next_steps(settings))
    reports.sort(key=lambda report: report.platform)
    if output_format is Format.JSON:
        print_json(
            {
                "date": day,
                "run_id": run_id,
                "expected": completeness.expected,
                "batches": reports,
                "unread": completeness.unread,
            }
        )
    else:
        _print(reports, completeness)
    if completeness.unread:
        raise typer.Exit(ExitCode.FINDING)


def _print(reports: list[BatchReport], completeness: DayCompleteness) -> None:
    table = new_table("Platform", "Complete before", "Read now", "Calls", right=("Complete before", "Calls"))
    for report in reports:
        outcomes = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in report.outcomes.items())
        table.add_row(report.platform, str(report.complete_before), outcomes or "–", str(report.calls))
    console = output()
    console.print(table)
    read = completeness.expected - len(completeness.unread)
    console.print(f"{completeness.day}: {read} of {completeness.expected} accounts are read.")
    for account in completeness.unread:
        step = f" [dim]({account.next_step})[/dim]" if account.next_step else ""
        console.print(f"  {account.account_code}: {account.outcome.replace('_', ' ')}{step}")
