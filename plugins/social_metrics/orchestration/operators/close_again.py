"""After a refusal: a new run of the close, and with it a new version."""

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.exceptions import AirflowSkipException


class CloseAgainOperator(TriggerDagRunOperator):
    """Start the close of the same month anew when somebody refused it, or the maker wants another draft.

    Args:
        close: what `DraftMonthOperator` returned.
        decisions: what the signatures returned; None for those that were not asked for.
    """

    template_fields = (*TriggerDagRunOperator.template_fields, "close", "decisions")

    def __init__(self, *, close: Any, decisions: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.close = close
        self.decisions = decisions

    def execute(self, context: Any) -> Any:
        """Trigger the run.

        Raises:
            AirflowSkipException: nobody refused.
        """
        made = {decision["decision"] for decision in self.decisions if decision}
        if not made & {"refused", "again"}:
            raise AirflowSkipException("Nobody refused this version.")
        self.conf = {"month": self.close["month"][:7]}
        return super().execute(context)
