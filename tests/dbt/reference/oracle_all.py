"""The answers of all oracles but those of captions, tags and findings."""

from tests.dbt.reference.histories import RETENTION_AS_OF
from tests.dbt.reference.oracle import Accounts, Rows
from tests.dbt.reference.oracle_boards import expected_marts
from tests.dbt.reference.oracle_monthly import expected_months
from tests.dbt.reference.oracle_operations import expected_operations
from tests.support.factories import Evidence


def everything_expected(evidence: Evidence, next_steps: dict[str, str | None]) -> dict[str, Rows]:
    """The expected rows of every fact and board."""
    return expected_marts(evidence, RETENTION_AS_OF, next_steps) | {
        "fct_center_monthly": expected_months(evidence, RETENTION_AS_OF, next_steps),
        **expected_operations(Accounts(evidence, RETENTION_AS_OF, next_steps)),
    }
