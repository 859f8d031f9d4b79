"""One batch of one platform's accounts, read now."""

from dataclasses import asdict
from datetime import date
from typing import Any

from airflow.sdk import BaseOperator

from social_metrics.extract.platform_run import capture_batch
from social_metrics.orchestration.hooks.social_api import SocialApiHook
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings


class ExtractBatchOperator(BaseOperator):
    """Read the batch's accounts that are not settled today and write what was read.

    Accounts that a platform refuses do not fail the task: each has its outcome in raw. A retry reads only
    what is still missing.

    Args:
        platform: a platform of the registry.
        account_codes: the batch.
        day: the WIB date (ISO) that the run belongs to; on any other day the task refuses.
    """

    template_fields = ("day",)

    def __init__(self, *, platform: str, account_codes: list[str], day: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.platform = platform
        self.account_codes = account_codes
        self.day = day

    def execute(self, context: Any) -> dict[str, Any]:
        """Capture the batch; return a summary without any account's numbers.

        Raises:
            AirflowFailException: the run belongs to another day, or the connection or registry cannot be used.
        """
        with plain_failure():
            settings = load_settings()
            report = capture_batch(
                self.platform,
                self.account_codes,
                run_id=context["dag_run"].run_id,
                try_number=context["ti"].try_number,
                registry=load_registry(settings.registry_dir),
                connection=SocialApiHook.of(self.platform).get_conn(),
                warehouse_url=WarehouseHook().url(),
                settings=settings,
                expected_day=date.fromisoformat(self.day),
            )
        self.log.info("%s", report)
        return {**asdict(report), "day": report.day.isoformat()}
