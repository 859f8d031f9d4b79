"""Which batches of a platform are still to be read this evening."""

from datetime import date
from typing import Any

from airflow.sdk import BaseOperator

from social_metrics.extract.run_all import open_batches
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings


class PlanBatchesOperator(BaseOperator):
    """Return the platform's batches that hold an unsettled account: lists of account codes, one per task.

    A sweep after a complete evening returns none, and the platform's reading is skipped.

    Args:
        platform: a platform of the registry.
        day: today's WIB date (ISO), from `OpenRunOperator`.
    """

    template_fields = ("day",)

    def __init__(self, *, platform: str, day: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.platform = platform
        self.day = day

    def execute(self, context: Any) -> list[list[str]]:
        """Ask the registry and the warehouse; no platform is called."""
        with plain_failure():
            settings = load_settings()
            registry = load_registry(settings.registry_dir)
            day = date.fromisoformat(self.day)
            return open_batches(self.platform, day, registry, WarehouseHook().url(), settings)
