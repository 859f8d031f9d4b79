"""The end of a capture run: the raw asset's event, saying how complete the evening is."""

from collections import Counter
from datetime import date
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.contract import Outcome
from social_metrics.extract import state
from social_metrics.orchestration.assets import RAW
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.registry.registry import Registry, load_registry
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


class PublishRawOperator(BaseOperator):
    """Publish the raw asset when this run wrote anything, whether or not every platform answered.

    Args:
        day: today's WIB date (ISO); None when the evening was not opened.
    """

    template_fields = ("day",)

    def __init__(self, *, day: str | None, **kwargs: Any) -> None:
        super().__init__(outlets=[RAW], **kwargs)
        self.day = day

    def execute(self, context: Any) -> dict[str, Any]:
        """Count the day's outcomes and put them into the event.

        Raises:
            AirflowSkipException: the run wrote nothing, so that there is nothing to transform.
        """
        if self.day is None:
            raise AirflowSkipException("The evening was not opened; see open_run.")
        day = date.fromisoformat(self.day)
        with plain_failure():
            registry = load_registry(load_settings().registry_dir)
            with connect(WarehouseHook().url(), "loader") as connection:
                attempts = state.attempts_of_run(connection, context["dag_run"].run_id, day)
                outcomes = state.best_outcomes(connection, day)
        if not attempts:
            raise AirflowSkipException(f"Nothing was left to read on {day}: raw is as it was.")
        standing = {"day": self.day, "attempts": attempts, "platforms": _standing(registry, day, outcomes)}
        context["outlet_events"][RAW].extra.update(standing)
        return standing


def _standing(registry: Registry, day: date, outcomes: dict[str, Outcome]) -> dict[str, dict[str, Any]]:
    """Platform → accounts expected and captured on the day so far, and how many have which outcome."""
    standing = {}
    for platform in registry.platforms:
        reached = Counter(
            outcomes.get(account.account_code, Outcome.NOT_ATTEMPTED).value
            for account in registry.accounts_on(platform, day)
        )
        standing[platform] = {
            "expected": reached.total(),
            "captured": reached[Outcome.CAPTURED.value],
            "outcomes": dict(sorted(reached.items())),
        }
    return standing
