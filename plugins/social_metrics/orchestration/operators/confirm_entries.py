"""A second person confirms manual entries: a form, recorded under the responder's name."""

from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException

from social_metrics.clock import utc_now
from social_metrics.intake import store
from social_metrics.intake.store import ConfirmationRefused
from social_metrics.orchestration.failures import translate_errors
from social_metrics.orchestration.forms import responder_name
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.warehouse.connect import connect

CONFIRM, REJECT = "Konfirmasi", "Tolak"


class ConfirmEntriesOperator(HITLOperator):
    """Ask for a decision on entries; record it under the responder's user name.

    The person who entered a row cannot confirm it: the task and the run fail, the row stays unconfirmed, and clearing
    the task with those downstream asks again and publishes. The database has the same rule as a CHECK.

    Args:
        keys: the entries, as `social-metrics entry list` names them.
        subject: the form's heading.
        body: the rows and their screenshots, in Markdown.
        assigned_users: who may respond; with none, every permitted user.
    """

    def __init__(
        self, *, keys: list[str], subject: str, body: str, assigned_users: list[dict[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(
            subject=subject, body=body, options=[CONFIRM, REJECT], assigned_users=assigned_users or None, **kwargs
        )
        self.keys = keys

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Record the answer.

        Raises:
            AirflowFailException: the responder entered a row, or Airflow does not say who responded.
        """
        answer = super().execute_complete(context, event)
        name = responder_name(answer)
        decision: store.Decision = "confirmed" if answer["chosen_options"] == [CONFIRM] else "rejected"
        with translate_errors(), connect(WarehouseHook().url(), "loader") as connection:
            try:
                store.decide(
                    connection,
                    self.keys,
                    decision=decision,
                    decided_by=name,
                    decided_at=utc_now(),
                    channel="airflow",
                )
            except ConfirmationRefused as refused:
                raise AirflowFailException(str(refused)) from None
        self.log.info("%s %s by %s", ", ".join(self.keys), decision, name)
        return {"decision": decision, "confirmed_by": name, "keys": self.keys}
