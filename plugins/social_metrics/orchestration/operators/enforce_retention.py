"""Takes what may not be kept any longer."""

from typing import Any

from airflow.sdk import BaseOperator

from social_metrics.errors import UsageProblem
from social_metrics.orchestration.hooks.warehouse import WarehouseHook
from social_metrics.orchestration.operators.plain_failure import plain_failure
from social_metrics.orchestration.operators.watch_health import situation_now
from social_metrics.registry.registry import load_registry
from social_metrics.retention.enforce import enforce_retention
from social_metrics.retention.revocation import unanswered_refusals
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import connect


class EnforceRetentionOperator(BaseOperator):
    """Purge by the rules of retention_rules.csv and record each loss. Again does no harm."""

    def execute(self, context: Any) -> list[dict[str, Any]]:
        """Return what was taken, by sort; fail afterwards when captions had to wait because they cannot be tagged."""
        with plain_failure():
            settings = load_settings()
            registry = load_registry(settings.registry_dir)
            url = WarehouseHook().url()
            report = enforce_retention(settings, registry, url, situation_now(list(registry.platforms), self.log))
            for due in report.items:
                self.log.info("%s: %s %s of %s: %s", due.reason, due.row_count, due.field, due.platform, due.rule)
            with connect(url, "retention") as connection:
                for refused in unanswered_refusals(connection):
                    self.log.warning(
                        "%s says that %s took its consent back: authorise it again, or "
                        "`social-metrics retention --action revoked --account %s`.",
                        *(refused.platform, refused.account_code, refused.account_code),
                    )
            if report.unread:
                raise UsageProblem(f"Captions wait until they can be tagged: {report.unread}")
        return [
            {
                "table": due.table,
                "field": due.field,
                "platform": due.platform,
                "reason": due.reason,
                "rows": due.row_count,
            }
            for due in report.items
        ]
