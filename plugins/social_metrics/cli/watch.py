"""`social-metrics watch`: find alerts and send those that are due; the same as the DAG `watch_health`."""

import typer
from rich.markup import escape

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import ExitCode, Format, FormatOption, output, print_json
from social_metrics.monitoring.checks import find_alerts
from social_metrics.monitoring.notifications import notify
from social_metrics.monitoring.outage import WarehouseDown, outage_reported
from social_metrics.monitoring.situation import Situation, now_of_registry
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings


def watch(output_format: FormatOption = Format.TABLE) -> None:
    """Find what is wrong and send what is due, by e-mail and webhook. Exit code 1 when something is wrong.

    An alert is sent once while it lasts. Run it by cron on another machine to be notified of a dead scheduler.

    Examples:
    - `social-metrics watch`
    - `social-metrics watch --format json`
    """
    with warehouse() as url:
        settings = load_settings()
        registry = load_registry(settings.registry_dir)
        try:
            with outage_reported(url, settings):
                situation = Situation(registry, settings, url, now_of_registry(registry))
                alerts = find_alerts(situation)
                sent = notify(alerts, url, settings, situation.now)
        except WarehouseDown as down:
            alerts, sent = [down.alert], down.sent
    if output_format is Format.JSON:
        print_json({"alerts": alerts, "sent": sent})
    else:
        for alert in alerts:
            output().print(f"[red]✗[/red] {escape(alert.message)}\n  [dim]→[/dim] {escape(alert.next_step)}")
        output().print(f"{len(alerts)} found, {len(sent)} messages sent.")
    if alerts:
        raise typer.Exit(ExitCode.FINDING)
