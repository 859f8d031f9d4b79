"""Wrong rules put in on purpose: the oracle finds each of them."""

from collections.abc import Callable

import pytest

from tests.dbt.mutation.mutations import MUTATIONS, Mutation
from tests.dbt.mutation.mutations_operations import OPERATIONS_MUTATIONS
from tests.dbt.mutation.mutations_registry import REGISTRY_MUTATIONS
from tests.dbt.mutation.spoiled_project import SpoiledProject
from tests.dbt.reference.comparison import differences
from tests.dbt.reference.histories import evidence_of
from tests.dbt.reference.oracle import Rows
from tests.dbt.reference.oracle_all import everything_expected
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence

MUTATION_SEEDS = list(range(40))

Make = Callable[[Evidence], Warehouse]


@pytest.fixture(scope="module")
def spoiled(make_warehouse: Make, tmp_path_factory: pytest.TempPathFactory) -> SpoiledProject:
    """The same histories every time: whether a mutation is found must not depend on chance."""
    return SpoiledProject(
        make_warehouse(evidence_of(MUTATION_SEEDS)), tmp_path_factory.mktemp("spoiled") / "dbt_project"
    )


@pytest.fixture(scope="module")
def expected(next_steps: dict[str, str | None]) -> dict[str, Rows]:
    """The oracle's rows for these histories."""
    return everything_expected(evidence_of(MUTATION_SEEDS), next_steps)


@pytest.mark.slow
def test_the_copy_is_right_before_it_is_spoiled(spoiled: SpoiledProject, expected: dict[str, Rows]) -> None:
    assert differences(spoiled.warehouse, expected) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutation", [*MUTATIONS, *OPERATIONS_MUTATIONS, *REGISTRY_MUTATIONS], ids=lambda mutation: mutation.name
)
def test_a_wrong_rule_is_found(spoiled: SpoiledProject, expected: dict[str, Rows], mutation: Mutation) -> None:
    found = spoiled.differences_with(mutation, expected)
    assert found, f"not found: {mutation.name}"
