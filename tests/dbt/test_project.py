"""What must be true of the dbt project itself, whatever the data: contracts, grains, keys, docs, grants, folders."""

import csv
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from social_metrics.contract import DerivedOutcome, Outcome
from social_metrics.transform.run import LAYERS
from tests.dbt.mutation.mutations import Mutation
from tests.dbt.mutation.mutations_unit_tested import UNIT_TESTED_MUTATIONS
from tests.dbt.reference.histories import PLATFORMS, evidence_of
from tests.support.dbt_runner import PROJECT, Warehouse, failures
from tests.support.factories import Evidence

Make = Callable[[Evidence], Warehouse]


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Make) -> Warehouse:
    """A built warehouse with a few histories."""
    built = make_warehouse(evidence_of(list(range(12))))
    built.build()
    return built


@pytest.fixture(scope="module")
def manifest(warehouse: Warehouse) -> Any:
    """The project as dbt understands it."""
    result = warehouse.dbt("parse")
    assert result.success, failures(result)
    return result.result


@pytest.fixture(scope="module")
def models(manifest: Any) -> dict[str, Any]:
    found = {node.name: node for node in manifest.nodes.values() if node.resource_type == "model"}
    assert found, "A project without models must not pass for a good one."
    return found


@pytest.fixture(scope="module")
def marts(models: dict[str, Any]) -> dict[str, Any]:
    found = {name: node for name, node in models.items() if node.fqn[1] == "marts"}
    assert found, "A project without marts must not pass for a good one."
    return found


def test_every_mart_has_a_contract_a_key_test_and_unit_tests(manifest: Any, marts: dict[str, Any]) -> None:
    with_key = {
        test.attached_node
        for test in manifest.nodes.values()
        if getattr(test, "test_metadata", None) and test.test_metadata.name == "is_key"
    }
    tested = {test.depends_on_nodes[0] for test in manifest.unit_tests.values()}
    assert [name for name, node in marts.items() if not node.contract.enforced] == []
    assert [name for name, node in marts.items() if node.unique_id not in with_key] == []
    assert [name for name, node in marts.items() if node.unique_id not in tested] == []
    assert [name for name, node in marts.items() if str(node.access) != "public" or not node.group] == []


def test_every_model_says_its_grain_first(models: dict[str, Any]) -> None:
    def comment(node: Any) -> str:
        return re.sub(r"\A\{\{ config\(.*?\) \}\}\n", "", str(node.raw_code), count=1, flags=re.DOTALL)

    assert [name for name, node in models.items() if not node.description.startswith("Grain: ")] == []
    assert [name for name, node in models.items() if not comment(node).startswith("-- Grain: ")] == []


def test_every_column_is_there_and_described(warehouse: Warehouse, models: dict[str, Any]) -> None:
    with psycopg.connect(warehouse.url) as connection:
        found = connection.execute(
            "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid "
            "join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname in ('staging', 'intermediate', 'marts') and c.relkind in ('r', 'v') "
            "and a.attnum > 0 and not a.attisdropped"
        ).fetchall()
    described = {
        (name, column.name) for name, node in models.items() for column in node.columns.values() if column.description
    }
    assert set(found) == described


def test_only_staging_reads_sources(models: dict[str, Any]) -> None:
    readers = {
        name for name, node in models.items() if any(parent.startswith("source.") for parent in node.depends_on.nodes)
    }
    assert readers == {name for name in models if name.startswith("stg_") and not name.startswith("stg_registry__")}


def test_no_model_names_a_platform_or_counts_the_centers() -> None:
    with (PROJECT / "seeds/registry/platforms.csv").open(newline="", encoding="utf-8") as file:
        platforms = [row["platform"] for row in csv.DictReader(file)]
    assert len(platforms) >= 5
    words = re.compile(rf"\b(?:{'|'.join(platforms)}|31)\b")
    found = [
        f"{path.name}: {line.strip()}"
        for folder in ("models", "macros", "tests")
        for path in (PROJECT / folder).rglob("*.sql")
        for line in path.read_text(encoding="utf-8").splitlines()
        if words.search(line)
    ]
    assert found == []


def test_the_outcomes_are_those_of_the_contract_in_their_order() -> None:
    with (PROJECT / "seeds/rules/capture_outcomes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["outcome"] for row in rows] == [str(outcome) for outcome in (*Outcome, *DerivedOutcome)]
    assert [int(row["precedence"]) for row in rows] == list(range(1, len(rows) + 1))


def test_a_platform_that_nobody_has_heard_of_is_in_the_marts(warehouse: Warehouse) -> None:
    seventh = [row for row in warehouse.rows("marts.fct_follower_growth_daily") if row["platform"] == "invented"]
    assert seventh, "the histories hold accounts of an invented platform"
    assert {row["platform"] for row in warehouse.rows("marts.dim_platforms")} == {
        platform.platform for platform in PLATFORMS
    }


def test_the_layers_of_an_evening_are_the_whole_project(manifest: Any, warehouse: Warehouse) -> None:
    def listed(selector: str) -> list[str]:
        result = warehouse.dbt("ls", "--output", "name", "--selector", selector, "--indirect-selection", "buildable")
        assert result.success, failures(result)
        return list(result.result)

    staging = listed("staging_with_seeds")
    layers = [*staging, *(name for layer in LAYERS[1:] for name in listed(layer))]
    assert {node.name for node in manifest.nodes.values()} <= set(layers)
    seeds = {node.name for node in manifest.nodes.values() if node.resource_type == "seed"}
    assert {name for name in staging if name not in seeds} >= set(listed("staging"))
    assert not seeds & set(listed("staging"))


def test_all_unit_tests_pass_and_the_readme_counts_them(manifest: Any, warehouse: Warehouse) -> None:
    result = warehouse.dbt("test", "--select", "test_type:unit")
    assert result.success, failures(result)
    count = len(result.result)
    assert count == len(manifest.unit_tests) > 0
    assert f"{count} unit tests" in (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("mutation", UNIT_TESTED_MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_wrong_rule_of_a_rare_case_is_found(warehouse: Warehouse, tmp_path: Path, mutation: Mutation) -> None:
    copy = tmp_path / "dbt_project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    file = copy / mutation.file
    right = file.read_text(encoding="utf-8")
    assert right.count(mutation.right) == 1, f"{mutation.file} no longer says {mutation.right!r} once"
    file.write_text(right.replace(mutation.right, mutation.wrong), encoding="utf-8")
    spoiled = replace(warehouse, project=copy, state=tmp_path / "state")
    result = spoiled.dbt("test", "--select", f"{file.stem},test_type:unit")
    assert [node for node in result.result or [] if str(node.status) == "fail"], failures(result)


def test_grants_survive_a_full_refresh(warehouse: Warehouse, marts: dict[str, Any]) -> None:
    warehouse.build("--full-refresh")
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        for role in ("social_metrics_bi_reader", "social_metrics_auditor", "social_metrics_closer"):
            connection.execute(f"set role {role}")
            for node in marts.values():
                connection.execute(f"select count(*) from marts.{node.alias}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("delete from marts.fct_posts")
            connection.execute("reset role")
        connection.execute("set role social_metrics_bi_reader")
        for hidden in ("intermediate.int_accounts__daily_spine", "staging.stg_social__posts", "raw.posts"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select count(*) from {hidden}")


def test_building_leaves_the_registrys_files_as_they_are(warehouse: Warehouse) -> None:
    """With an absolute folder dbt writes its SQL over the seed files, unless noop_statement keeps it from that."""
    assert warehouse.registry.is_absolute()
    before = {path.name: path.read_bytes() for path in warehouse.registry.glob("*.csv")}
    result = warehouse.dbt("seed")
    assert result.success, failures(result)
    assert {path.name: path.read_bytes() for path in warehouse.registry.glob("*.csv")} == before
    assert len(before) >= 4


def test_the_first_evening_of_the_real_registry(make_warehouse: Make, tmp_path: Path) -> None:
    """Nothing captured, every account a placeholder: the marts stand, empty where nothing is known."""
    warehouse = make_warehouse(Evidence())
    shutil.rmtree(warehouse.registry)
    shutil.copytree(PROJECT / "seeds/registry", warehouse.registry)
    warehouse.variables = {}
    warehouse.build()
    assert warehouse.rows("marts.leaderboard_followers") == []
    warehouse.variables = {"from_date": "2024-01-26", "through_date": "2024-01-26"}
    warehouse.build()
    board = warehouse.rows("marts.leaderboard_followers")
    assert len(board) == 31, "the count of centers on the day of the order"
    assert {row["unranked_reason"] for row in board} == {"no_verified_account"}
    absences = warehouse.rows("marts.fct_capture_completeness")
    assert {row["outcome"] for row in absences} == {"not_yet_verified"}
    ordered = {"youtube", "facebook", "instagram", "x", "tiktok"}
    assert len([row for row in absences if row["platform"] in ordered]) == 31 * 5


def test_the_type_of_every_seed_column_is_pinned(manifest: Any) -> None:
    """dbt guesses types otherwise: an id of digits becomes a number, an empty column whatever."""
    seeds = {node.name: node for node in manifest.nodes.values() if node.resource_type == "seed"}
    assert seeds
    for folder in ("seeds/registry", "seeds/rules"):
        for path in (PROJECT / folder).glob("*.csv"):
            with path.open(newline="", encoding="utf-8") as file:
                columns = next(csv.reader(file))
            assert list(seeds[path.stem].config.column_types) == columns, path.name
