"""A new run of the close, and so a new version, after a refusal."""

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.exceptions import AirflowSkipException


class CloseAgainOperator(TriggerDagRunOperator):
    """Start the close of the same month again when it was refused, or the maker wants another draft.

    Args:
        close: the version, from `draft_month`.
        decisions: what the signatures returned; None for those that were skipped.
    """

    template_fields = (*TriggerDagRunOperator.template_fields, "close", "decisions")

    def __init__(self, *, close: Any, decisions: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.close = close
        self.decisions = decisions

    def execute(self, context: Any) -> Any:
        """Trigger the run.

        Raises:
            AirflowSkipException: no signature was refused.
        """
        made = {decision["decision"] for decision in self.decisions if decision}
        if not made & {"refused", "again"}:
            raise AirflowSkipException("This version was not refused.")
        self.conf = {"month": self.close["month"][:7]}
        return super().execute(context)
