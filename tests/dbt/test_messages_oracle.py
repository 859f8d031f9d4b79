"""Tags, coverage, synchrony and recency by scope equal the oracle, on random histories."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.dbt.reference.captions import caption_history, write_caption_history
from tests.dbt.reference.comparison import differences
from tests.dbt.reference.histories import ONCE_DIFFERENT, RETENTION_AS_OF, evidence_of, loaded_late
from tests.dbt.reference.oracle import Accounts
from tests.dbt.reference.oracle_boards import expected_marts
from tests.dbt.reference.oracle_coverage import expected_messages
from tests.dbt.reference.oracle_messages import Messages, programs
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence

HISTORIES_A_BUILD = 25
HISTORIES = int(os.environ.get("SOCIAL_METRICS_TEST_HISTORIES", "50"))  # a full run says 500


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[Evidence], Warehouse]) -> Warehouse:
    return make_warehouse(evidence_of([0]))


@pytest.mark.slow
@settings(
    max_examples=max(1, HISTORIES // HISTORIES_A_BUILD),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=HISTORIES_A_BUILD, max_size=HISTORIES_A_BUILD, unique=True))
@example(ONCE_DIFFERENT)
def test_facts_about_captions_equal_the_oracle(
    warehouse: Warehouse, next_steps: dict[str, str | None], seeds: list[int]
) -> None:
    captions = caption_history(seeds)
    warehouse.load(captions.evidence, loaded_late)
    write_caption_history(captions, warehouse.url)
    warehouse.build()
    known = expected_marts(captions.evidence, RETENTION_AS_OF, next_steps)
    accounts = Accounts(captions.evidence, RETENTION_AS_OF, next_steps)
    messages = Messages(captions, accounts, known["fct_posts"], known["fct_center_daily"])
    scopes = ["outreach_post", *(f"program:{program}" for program in programs())]
    found = differences(warehouse, expected_messages(messages, scopes))
    outreach = messages.outreach_of_accounts()
    found += [
        f"fct_posting_recency_daily {row['account_code']}/{row['date_day']}.last_outreach_post_at"
        for row in warehouse.rows("marts.fct_posting_recency_daily")
        if row["last_outreach_post_at"] != outreach[row["account_code"], row["date_day"]]
    ]
    assert not found, f"{len(found)} differences, such as\n" + "\n".join(found[:20])
