"""The boards page after every transform: for whoever has neither Superset nor Metabase."""

from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, ObjectStoragePath

from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.publish.page import boards
from social_metrics.settings import load_settings


class PublishBoardsOperator(BaseOperator):
    """Write the page of the newest date to the folder or object store of the settings; an older one is replaced."""

    def execute(self, context: Any) -> dict[str, str]:
        """Return the page's WIB date and its address.

        Raises:
            AirflowFailException: the place cannot be written.
            AirflowException: the warehouse does not answer, or its marts hold no date.
        """
        with plain_failure():
            settings = load_settings()
            page = ObjectStoragePath(settings.boards_page or (settings.state_dir / "boards.html").as_uri())
            if page.protocol == "file":
                # Replaced as a whole: whoever opens it meanwhile has the old one or the new one.
                Path(page.path).parent.mkdir(parents=True, exist_ok=True)
                day = boards.write(WarehouseHook().url(), Path(page.path))
            else:
                day, text = boards.page(WarehouseHook().url())
                page.write_text(text, encoding="utf-8")  # an object appears when it is complete
        return {"day": day.isoformat(), "page": str(page)}
