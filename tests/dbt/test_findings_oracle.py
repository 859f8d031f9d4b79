"""What is wrong with the data is found, all of it and nothing else; wrong rules are noticed; `stop` stops."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from tests.dbt.reference.comparison import differences
from tests.dbt.reference.faulty_evidence import overlapping, with_faults
from tests.dbt.reference.histories import RETENTION_AS_OF, evidence_of
from tests.dbt.reference.oracle import Accounts
from tests.dbt.reference.oracle_findings import expected_findings
from tests.dbt.reference.oracle_operations import account_findings
from tests.support.dbt_runner import Warehouse, failures
from tests.support.factories import Evidence
from tests.support.warehouse import change_evidence

Make = Callable[[Evidence], Warehouse]
FAULTS = 20261124
WARNINGS = {
    "missing_day",
    "sudden_drop",
    "sudden_jump",
    "flat_followers",
    "stale_source",
    "doubted_listing",
    "duplicate_post",
    "published_in_future",
    "published_before_platform",
    "renamed",
    "identity_mismatch",
    "manual_differs",
    "centers_on_order_date",
}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    print(f"faults of seed {FAULTS}")
    return with_faults(evidence_of(list(range(60))), FAULTS)


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Make, evidence: Evidence) -> Warehouse:
    built = make_warehouse(evidence)
    built.build("--select", "+fct_data_quality_findings", "--exclude", "test_type:data")
    return built


@pytest.mark.slow
def test_findings_equal_the_oracle(warehouse: Warehouse, evidence: Evidence, next_steps: dict[str, str | None]) -> None:
    seen = account_findings(Accounts(evidence, RETENTION_AS_OF, next_steps)).values()
    expected = expected_findings(evidence, RETENTION_AS_OF, next_steps, seen, {})
    found = differences(warehouse, {"fct_data_quality_findings": expected})
    assert not found, f"{len(found)} differences, such as\n" + "\n".join(found[:20])
    assert {row["rule_id"] for row in expected.values()} == WARNINGS, "each rule has something to find"


@pytest.mark.slow
def test_a_full_refresh_finds_the_same(warehouse: Warehouse) -> None:
    """The findings are those of the evidence, independent of the order of runs."""
    before = Counter(tuple(row.items()) for row in warehouse.rows("marts.fct_data_quality_findings"))
    warehouse.build("--select", "+fct_data_quality_findings", "--exclude", "test_type:data", "--full-refresh")
    after = Counter(tuple(row.items()) for row in warehouse.rows("marts.fct_data_quality_findings"))
    assert before == after


@pytest.mark.slow
def test_a_finding_that_stops_fails_the_run(make_warehouse: Make, next_steps: dict[str, str | None]) -> None:
    """A capture from the future, and an account that the registry holds twice."""
    evidence = evidence_of([3, 4, 5])
    first = evidence.accounts[0]
    evidence.accounts = [*overlapping(replace(first, status="verified", valid_to=None)), *evidence.accounts[1:]]
    warehouse = make_warehouse(evidence)
    with psycopg.connect(warehouse.url) as connection:
        change_evidence(
            connection,
            "update raw.profile_snapshots set loaded_at = captured_at - interval '11 minutes' "
            "where source <> 'simulator'",
        )
    result = warehouse.dbt("build", "--exclude-resource-type", "unit_test", "--select", "+fct_data_quality_findings")
    assert not result.success
    assert "assert_no_open_finding_of_severity_stop" in failures(result)
    found = {row["rule_id"] for row in warehouse.rows("marts.fct_data_quality_findings") if row["severity"] == "stop"}
    assert found == {"overlapping_rows", "captured_after_loading"}
