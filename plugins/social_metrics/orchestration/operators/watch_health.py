"""Looks at the system's health and tells what is wrong, once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from social_metrics.clock import SystemClock
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.monitoring.notify import tell
from social_metrics.monitoring.situation import Situation
from social_metrics.monitoring.watch import find_troubles
from social_metrics.orchestration.hooks.social_api import SocialApiHook
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings


class WatchHealthOperator(BaseOperator):
    """Find what is wrong, record it in `ops.alerts`, and send what is due."""

    def execute(self, context: Any) -> dict[str, Any]:
        """Return the kinds found and the messages sent; fail when a message could not be sent."""
        with plain_failure():
            settings = load_settings()
            registry = load_registry(settings.registry_dir)
            url = WarehouseHook().url()
            now = situation_now(list(registry.platforms), self.log)
            found = find_troubles(Situation(registry, settings, url, now, _connection))
            for trouble in found:
                self.log.warning("%s: %s", trouble.kind, trouble.message)
            sent = tell(found, url, settings, now)
        return {"found": [f"{trouble.kind}/{trouble.subject}" for trouble in found], "sent": sent}


def situation_now(platforms: Iterable[str], log: Any) -> datetime:
    """The instant (UTC) that the connections go by: the simulator's where they point at one."""
    for platform in platforms:
        try:
            return clock_of(_connection(platform)).now()
        except UsageProblem as problem:
            log.warning("The connection of %s cannot be used: %s", platform, problem)
    return SystemClock().now()


def _connection(platform: str) -> PlatformConnection:
    try:
        return SocialApiHook.of(platform).get_conn()
    except AirflowException as problem:
        raise UsageProblem(str(problem)) from None
