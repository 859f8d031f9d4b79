"""`social-metrics watch`: look at the system's health and tell what is wrong; the same as the DAG `watch_health`."""

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, output, print_json
from social_metrics.monitoring.notify import tell
from social_metrics.monitoring.situation import situation_of
from social_metrics.monitoring.watch import find_troubles
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings


def watch(form: FormatOption = Format.TABLE) -> None:
    """Find what is wrong and send what is due, by e-mail and webhook. Exit code 1 when something is wrong.

    What was told is not told again while it lasts. Run it by cron on another machine to hear of a dead scheduler.

    Examples:
    - `social-metrics watch`
    - `social-metrics watch --format json`
    """
    with warehouse() as url:
        settings = load_settings()
        situation = situation_of(load_registry(settings.registry_dir), settings, url)
        found = find_troubles(situation)
        sent = tell(found, url, settings, situation.now)
    if form is Format.JSON:
        print_json({"alerts": found, "sent": sent})
    else:
        for trouble in found:
            output().print(f"[red]✗[/red] {escape(trouble.says)}\n  [dim]→[/dim] {escape(trouble.mend)}")
        output().print(f"{len(found)} found, {len(sent)} messages sent.")
    if found:
        raise typer.Exit(ExitCode.FINDING)
