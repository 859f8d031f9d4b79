"""`social-metrics watch`: look at the system's health and tell what is wrong; the same as the DAG `watch_health`."""

import typer
from rich.markup import escape

from social_metrics.alerts.notify import tell
from social_metrics.alerts.watch import Situation, find_troubles
from social_metrics.cli.console import ExitCode, Format, FormatOption, output, print_json
from social_metrics.cli.evening import now_of
from social_metrics.cli.place import warehouse
from social_metrics.extract.credentials.connections import PlatformConnection, platform_connection
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import Settings, UsageProblem, load_settings


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
