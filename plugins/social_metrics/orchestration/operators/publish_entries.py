"""The end of a run of hand entries: the transform starts when something was confirmed."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from social_metrics.orchestration.assets import ENTRIES


class PublishEntriesOperator(BaseOperator):
    """Publish the asset of confirmed entries, with their keys in the event.

    Args:
        decisions: what the confirmations returned, one per workbook.
    """

    template_fields = ("decisions",)

    def __init__(self, *, decisions: Any, **kwargs: Any) -> None:
        super().__init__(outlets=[ENTRIES], **kwargs)
        self.decisions = decisions

    def execute(self, context: Any) -> list[str]:
        """Give the keys confirmed.

        Raises:
            AirflowSkipException: nothing was confirmed, so that there is nothing to transform.
        """
        answers = [answer for answer in self.decisions or () if answer and answer["decision"] == "confirmed"]
        keys = [key for answer in answers for key in answer["keys"]]
        if not keys:
            raise AirflowSkipException("No entry was confirmed: the facts are as they were.")
        context["outlet_events"][ENTRIES].extra["entries"] = keys
        return keys
