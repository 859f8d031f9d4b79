"""Every fact and board equals the oracle, on random histories."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.dbt.reference.captions import caption_history
from tests.dbt.reference.comparison import differences
from tests.dbt.reference.histories import ONCE_DIFFERENT, RETENTION_AS_OF, evidence_of, loaded_late
from tests.dbt.reference.oracle import Accounts
from tests.dbt.reference.oracle_all import everything_expected
from tests.dbt.reference.oracle_coverage import expected_messages
from tests.dbt.reference.oracle_findings import expected_findings
from tests.dbt.reference.oracle_messages import Messages
from tests.support.dbt_runner import PROJECT, Warehouse
from tests.support.factories import Evidence

HISTORIES_A_BUILD = 50
HISTORIES = int(os.environ.get("SOCIAL_METRICS_TEST_HISTORIES", "100"))  # a full run says 500

Make = Callable[[Evidence], Warehouse]


def test_every_fact_has_an_oracle(next_steps: dict[str, str | None]) -> None:
    """A new fact is red until somebody says a second time what it holds; dimensions are the registry's own rows."""
    captions = caption_history(range(12))
    accounts = Accounts(captions.evidence, RETENTION_AS_OF, next_steps)
    answers = everything_expected(captions.evidence, next_steps)
    messages = Messages(captions, accounts, answers["fct_posts"], answers["fct_center_daily"])
    findings = expected_findings(
        captions.evidence, RETENTION_AS_OF, next_steps, answers["fct_account_findings"].values(), {}
    )
    answers |= expected_messages(messages, ["outreach_post"]) | {"fct_data_quality_findings": findings}
    marts = {path.stem for path in (PROJECT / "models/marts").rglob("*.sql")}
    facts = {mart for mart in marts if not mart.startswith("dim_")}
    print("\n".join(f"{mart}: {len(answers.get(mart, ()))} rows of the oracle" for mart in sorted(facts)))
    assert facts == set(answers)
    assert [mart for mart, rows in answers.items() if not rows] == []


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Make) -> Warehouse:
    return make_warehouse(evidence_of([0]))


@pytest.mark.slow
@settings(
    max_examples=max(1, HISTORIES // HISTORIES_A_BUILD),
    phases=[Phase.explicit, Phase.generate],  # a difference names its account, and the account's code its history
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=HISTORIES_A_BUILD, max_size=HISTORIES_A_BUILD, unique=True))
@example(ONCE_DIFFERENT)
def test_facts_and_boards_equal_the_oracle(
    warehouse: Warehouse, next_steps: dict[str, str | None], seeds: list[int]
) -> None:
    evidence = evidence_of(seeds)
    warehouse.load(evidence, loaded_late)
    warehouse.build()
    found = differences(warehouse, everything_expected(evidence, next_steps))
    assert not found, f"{len(found)} differences, such as\n" + "\n".join(found[:20])
