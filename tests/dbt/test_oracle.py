"""Every fact and board equals the oracle, on random histories; and wrong rules put in on purpose are found."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.dbt.mutation.mutations import MUTATIONS, Mutation
from tests.dbt.mutation.mutations_operations import OPERATIONS_MUTATIONS
from tests.dbt.reference.captions import said_in
from tests.dbt.reference.comparison import differences
from tests.dbt.reference.histories import ONCE_DIFFERENT, RETENTION_AS_OF, evidence_of, loaded_late
from tests.dbt.reference.oracle import Accounts, Rows
from tests.dbt.reference.oracle_boards import expected_marts
from tests.dbt.reference.oracle_coverage import expected_messages
from tests.dbt.reference.oracle_findings import expected_findings
from tests.dbt.reference.oracle_messages import Messages
from tests.dbt.reference.oracle_monthly import expected_months
from tests.dbt.reference.oracle_operations import expected_operations
from tests.support.dbt_runner import PROJECT, Warehouse, failures
from tests.support.factories import Evidence

HISTORIES_A_BUILD = 50
HISTORIES = int(os.environ.get("SOCIAL_METRICS_TEST_HISTORIES", "100"))  # a full run says 500
MUTATION_SEEDS = list(range(40))

Make = Callable[[Evidence], Warehouse]


def everything_expected(evidence: Evidence, next_steps: dict[str, str | None]) -> dict[str, Rows]:
    """What the oracles say about every fact and board."""
    return expected_marts(evidence, RETENTION_AS_OF, next_steps) | {
        "fct_center_monthly": expected_months(evidence, RETENTION_AS_OF, next_steps),
        **expected_operations(Accounts(evidence, RETENTION_AS_OF, next_steps)),
    }


def test_every_fact_has_an_oracle(next_steps: dict[str, str | None]) -> None:
    """A new fact is red until somebody says a second time what it holds; dimensions are the registry's own rows."""
    said = said_in(MUTATION_SEEDS[:12])
    accounts = Accounts(said.evidence, RETENTION_AS_OF, next_steps)
    answers = everything_expected(said.evidence, next_steps)
    messages = Messages(said, accounts, answers["fct_posts"], answers["fct_center_daily"])
    findings = expected_findings(
        said.evidence, RETENTION_AS_OF, next_steps, answers["fct_account_findings"].values(), {}
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


class SpoiledProject:
    """A copy of the project in which one rule at a time is wrong, and a warehouse that is built by it."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
        warehouse.project = folder
        warehouse.build()
        self.warehouse = warehouse
        self._to_mend: set[str] = set()

    def differences_with(self, mutation: Mutation, expected: dict[str, Rows]) -> list[str]:
        """Build what hangs on the spoiled file, and whatever the one before has spoiled; compare with the oracle."""
        file = self.warehouse.project / mutation.file
        right = file.read_text(encoding="utf-8")
        assert right.count(mutation.right) == 1, f"{mutation.file} no longer says {mutation.right!r} once"
        touched = f"{file.stem}+" if mutation.file.startswith("models/") else "path:models"
        file.write_text(right.replace(mutation.right, mutation.wrong), encoding="utf-8")
        try:
            result = self.warehouse.dbt("run", "--select", touched, *self._to_mend)
            if not result.success:  # a key of the model itself may see the mistake first
                seen = failures(result)
                assert "could not create unique index" in seen or "violates unique constraint" in seen, seen
                return [failures(result)]
            return differences(self.warehouse, expected)
        finally:
            file.write_text(right, encoding="utf-8")
            self._to_mend = {touched}


@pytest.fixture(scope="module")
def spoiled(make_warehouse: Make, tmp_path_factory: pytest.TempPathFactory) -> SpoiledProject:
    """The same histories every time: what a mutation meets must not hang on luck."""
    return SpoiledProject(
        make_warehouse(evidence_of(MUTATION_SEEDS)), tmp_path_factory.mktemp("spoiled") / "dbt_project"
    )


@pytest.fixture(scope="module")
def expected(next_steps: dict[str, str | None]) -> dict[str, Rows]:
    """What the oracle says about these histories."""
    return everything_expected(evidence_of(MUTATION_SEEDS), next_steps)


@pytest.mark.slow
def test_the_copy_is_right_before_it_is_spoiled(spoiled: SpoiledProject, expected: dict[str, Rows]) -> None:
    assert differences(spoiled.warehouse, expected) == []


@pytest.mark.slow
@pytest.mark.parametrize("mutation", [*MUTATIONS, *OPERATIONS_MUTATIONS], ids=lambda mutation: mutation.name)
def test_a_wrong_rule_is_found(spoiled: SpoiledProject, expected: dict[str, Rows], mutation: Mutation) -> None:
    found = spoiled.differences_with(mutation, expected)
    assert found, f"nobody notices: {mutation.name}"
