"""The rules of dbt-project-evaluator hold; every exception stands in one file, with its reason, and is still needed."""

import csv
import shutil
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.project_rules import violations
from tests.support.dbt_runner import PROJECT, Warehouse
from tests.support.factories import Evidence

Make = Callable[[Evidence], Warehouse]

MANY = ["dim_centers", "dim_dates", "dim_platforms", "dim_accounts", "dim_clusters", "fct_posts", "fct_center_daily"]
BAD_MODELS = {
    "marts/summary.sql": (
        "select 1 as one from {{ source('raw', 'posts') }} as posts\n"
        "inner join {{ ref('fct_posts') }} as known on posts.post_id = known.post_id\n"
        "inner join marts.dim_centers as centers on true\n"
    ),
    "marts/core/fct_from_nothing.sql": "select 1 as one",
    "marts/core/fct_of_everything.sql": "select 1 as one from "
    + " cross join ".join(f"{{{{ ref('{name}') }}}} as {name}_too" for name in MANY),
    "intermediate/int_posts__upside_down.sql": "select 1 as one from {{ ref('fct_posts') }} as posts",
    "staging/social/stg_other__thing.sql": "select 1 as one from {{ ref('stg_social__posts') }} as posts",
    "staging/social/stg_social__first.sql": "select 1 as one from {{ ref('stg_social__posts') }} as posts",
    "staging/social/stg_social__second.sql": "select 1 as one from {{ ref('stg_social__first') }} as posts",
    "staging/social/stg_social__third.sql": "select 1 as one from {{ ref('stg_social__second') }} as posts",
}
BROKEN = {
    "chained_views",
    "direct_join_to_source",
    "exposure_reads_a_view",
    "exposure_reads_what_is_not_public",
    "hard_coded_reference",
    "intermediate_depends_on_a_mart",
    "model_directory",
    "model_name",
    "model_without_its_yaml",
    "no_primary_key_test",
    "public_without_contract",
    "root_model",
    "source_fan_out",
    "source_read_outside_staging",
    "staging_depends_on_a_model",
    "too_many_parents",
    "undocumented",
    "undocumented_column",
    "unit_test_beside_another_model",
    "unused_source",
}
BAD_YAML = """
exposures:
  - name: of_a_view
    type: dashboard
    owner: {name: none}
    depends_on: [ref('stg_social__posts')]
sources:
  - name: elsewhere
    schema: raw
    tables: [{name: without_a_reader}]
unit_tests:
  - name: beside_another_model
    model: dim_clusters
    given: [{input: ref('clusters'), rows: []}]
    expect: {rows: []}
"""


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Make) -> Warehouse:
    return make_warehouse(Evidence())


def _manifest(warehouse: Warehouse) -> Any:
    result = warehouse.dbt("parse")
    assert result.success, result.exception
    return result.result


def _exceptions() -> list[dict[str, str]]:
    with (PROJECT / "rule_exceptions.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_rules_hold(warehouse: Warehouse) -> None:
    found = violations(_manifest(warehouse))
    exceptions = _exceptions()
    assert exceptions
    assert [line for line in exceptions if not line["reason"].strip()] == []
    excused = {
        (rule, node)
        for rule, node in found
        if any(line["rule"] == rule and fnmatchcase(node, line["node"]) for line in exceptions)
    }
    assert sorted(found - excused) == [], "fix it, or write the exception and its reason into rule_exceptions.csv"
    unneeded = [
        f"{line['rule']} {line['node']}"
        for line in exceptions
        if not any(line["rule"] == rule and fnmatchcase(node, line["node"]) for rule, node in found)
    ]
    assert unneeded == [], "an exception that nothing needs any more"


def test_a_broken_rule_is_found(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "dbt_project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
    right = warehouse.project
    before = violations(_manifest(warehouse))
    for name, text in BAD_MODELS.items():
        (folder / "models" / name).write_text(text, encoding="utf-8")
    (folder / "models/marts/core/_bad.yml").write_text(BAD_YAML, encoding="utf-8")
    text = (folder / "dbt_project.yml").read_text(encoding="utf-8")
    assert "+contract: {enforced: *on_postgres}" in text
    (folder / "dbt_project.yml").write_text(text.replace("+contract: {enforced: *on_postgres}", ""), encoding="utf-8")
    try:
        warehouse.project = folder
        after = violations(_manifest(warehouse))
    finally:
        warehouse.project = right
    assert BROKEN - {rule for rule, _ in after - before} == set()
