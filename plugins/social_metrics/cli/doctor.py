"""`social-metrics doctor`: what is set up, what is missing, and the next step."""

from itertools import groupby

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, output, print_json
from social_metrics.errors import UsageProblem
from social_metrics.monitoring.checks import examine, examine_without_warehouse
from social_metrics.monitoring.findings import Verdict
from social_metrics.settings import load_settings

_MARKS = {Verdict.GOOD: "[green]✓[/green]", Verdict.NOTE: "[blue]·[/blue]", Verdict.FINDING: "[red]✗[/red]"}


def doctor(output_format: FormatOption = Format.TABLE) -> None:
    """Report what is set up, what is missing, and the next step. Exit code 1 when there is a finding.

    Checks the registry, the warehouse, the platforms' connections, the tokens, the last captures with their gaps,
    and the marts. It changes nothing.

    Examples:
    - `social-metrics doctor`
    - `social-metrics doctor --format json`
    """
    try:
        with warehouse() as url:
            results = examine(load_settings(), url)
    except UsageProblem as problem:
        results = examine_without_warehouse(load_settings(), problem)
    findings = sum(result.verdict is Verdict.FINDING for result in results)
    if output_format is Format.JSON:
        print_json({"findings": findings, "checks": results})
    else:
        console = output()
        for area, of_area in groupby(results, key=lambda result: result.area):
            console.print(f"[bold]{area}[/bold]")
            for result in of_area:
                console.print(f"  {_MARKS[result.verdict]} {escape(result.message)}")
                if result.next_step and result.verdict is not Verdict.GOOD:
                    console.print(f"    [dim]→[/dim] {escape(result.next_step)}")
        plural = "" if findings == 1 else "s"
        console.print(f"\n{findings} finding{plural}." if findings else "\nNothing to fix.")
    if findings:
        raise typer.Exit(ExitCode.FINDING)
