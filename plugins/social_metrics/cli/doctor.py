"""`social-metrics doctor`: what is set up, what is missing, what mends it."""

from datetime import date
from itertools import groupby

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, output, print_json
from social_metrics.clock import SystemClock, wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.monitoring import checks, people_checks
from social_metrics.monitoring.checks import Check, Verdict
from social_metrics.monitoring.completeness import now_of
from social_metrics.settings import Settings, load_settings
from social_metrics.warehouse.connect import connect

_MARKS = {Verdict.GOOD: "[green]✓[/green]", Verdict.NOTE: "[blue]·[/blue]", Verdict.FINDING: "[red]✗[/red]"}


def doctor(form: FormatOption = Format.TABLE) -> None:
    """Say what is set up, what is missing, and what to do about it. Exit code 1 when there is a finding.

    Looks at the registry, the warehouse, the platforms' connections, the tokens, the last captures with their gaps,
    and the marts. It changes nothing.

    Examples:
    - `social-metrics doctor`
    - `social-metrics doctor --format json`
    """
    found = _examine()
    findings = sum(check.verdict is Verdict.FINDING for check in found)
    if form is Format.JSON:
        print_json({"findings": findings, "checks": found})
    else:
        console = output()
        for area, of_area in groupby(found, key=lambda check: check.area):
            console.print(f"[bold]{area}[/bold]")
            for check in of_area:
                console.print(f"  {_MARKS[check.verdict]} {escape(check.says)}")
                if check.mend and check.verdict is not Verdict.GOOD:
                    console.print(f"    [dim]→[/dim] {escape(check.mend)}")
        plural = "" if findings == 1 else "s"
        console.print(f"\n{findings} finding{plural}." if findings else "\nNothing to mend.")
    if findings:
        raise typer.Exit(ExitCode.FINDING)


def _examine() -> list[Check]:
    try:
        with warehouse() as url:
            return _examine_everything(load_settings(), url)
    except UsageProblem as problem:
        settings = load_settings()
        registry, found = checks.check_registry(settings)
        mend = "make demo, or set AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE"
        found.append(Check("warehouse", Verdict.FINDING, str(problem), mend))
        return found + (checks.check_connections(registry)[1] if registry else [])


def _today(connections: list[PlatformConnection]) -> date:
    try:
        return wib_date(now_of(connections))
    except UsageProblem:
        return wib_date(SystemClock().now())  # the connection's own check has said that the simulator is silent


def _examine_everything(settings: Settings, url: str) -> list[Check]:
    registry, found = checks.check_registry(settings)
    of_warehouse = checks.check_warehouse(url)
    found += of_warehouse
    connections, of_connections = checks.check_connections(registry) if registry else ([], [])
    found += of_connections
    if any(check.verdict is Verdict.FINDING for check in of_warehouse):
        return found
    with connect(url, "loader") as loader:
        if registry:
            found += checks.check_tokens(registry, settings, loader)
            found += checks.check_captures(registry, settings, loader, connections)
            day = _today(connections)
            found += people_checks.check_accounts(registry, settings, day)
            found += people_checks.check_entries(registry, loader, day)
            found += checks.check_budgets(registry, loader, connections)
            found += checks.check_health(registry, settings, url)
        found += checks.check_marts(url, loader)
    return found + checks.check_last_transform(url)
