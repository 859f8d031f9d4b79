"""The second person: a form in Airflow's UI, and the name of whoever was logged in when it was answered."""

from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException

from social_metrics.clock import utc_now
from social_metrics.intake import store
from social_metrics.intake.store import ConfirmationRefused
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.warehouse.connect import connect

CONFIRM, REJECT = "Konfirmasi", "Tolak"


class ConfirmEntriesOperator(HITLOperator):
    """Ask for a decision on entries; record it under the responder's user name.

    Whoever entered a row cannot confirm it: the task fails in a sentence, the row stays unconfirmed, and clearing the
    task asks again. The database holds the same rule as a CHECK.

    Args:
        keys: the entries, as `social-metrics entry list` names them.
        subject: the form's heading.
        body: what is to be looked at, in Markdown.
    """

    def __init__(self, *, keys: list[str], subject: str, body: str, **kwargs: Any) -> None:
        super().__init__(subject=subject, body=body, options=[CONFIRM, REJECT], **kwargs)
        self.keys = keys

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Record the answer.

        Raises:
            AirflowFailException: the responder entered a row, or nobody knows who responded.
        """
        answer = super().execute_complete(context, event)
        user = answer["responded_by_user"]
        name = user["name"] if isinstance(user, dict) else getattr(user, "name", None)
        if not name:
            raise AirflowFailException("Airflow does not say who responded, so nobody has confirmed; clear the task.")
        decision = "confirmed" if answer["chosen_options"] == [CONFIRM] else "rejected"
        with plain_failure(), connect(WarehouseHook().url(), "loader") as connection:
            try:
                store.decide(
                    connection,
                    self.keys,
                    decision="confirmed" if decision == "confirmed" else "rejected",
                    decided_by=str(name),
                    decided_at=utc_now(),
                    channel="airflow",
                )
            except ConfirmationRefused as refused:
                raise AirflowFailException(str(refused)) from None
        self.log.info("%s %s by %s", ", ".join(self.keys), decision, name)
        return {"decision": decision, "confirmed_by": str(name), "keys": self.keys}
