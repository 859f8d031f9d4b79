"""Each value that a model gives by a branch of its own is expected by one of its unit tests: no branch without one."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import yaml

from tests.support.dbt_runner import PROJECT

BRANCH = re.compile(r"\b(?:then|else)\s+'([^']+)'")
MACROS = {"recency_band": {"never", "unknown"}}  # what a call of it may give beside the seed's bands
# Values that a model only counts, so that no column of it holds them; its unit tests expect the counts.
COUNTED = {
    "int_centers__monthly_coverage": {"covered", "not_covered", "unknown"},
    "int_centers__monthly_platforms": {"present", "missing", "not_verified"},
}


def _values(expected: Any) -> Iterator[str]:
    if isinstance(expected, dict):
        for value in expected.values():
            yield from _values(value)
    elif isinstance(expected, list):
        for value in expected:
            yield from _values(value)
    else:
        yield str(expected)


def _expected_by_unit_tests() -> dict[str, set[str]]:
    """Model → every value that one of its unit tests expects."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (PROJECT / "models").rglob("*.yml"):
        for test in yaml.safe_load(path.read_text(encoding="utf-8")).get("unit_tests", []):
            found[test["model"]] |= set(_values(test["expect"]))
    return found


def _given_by_branches(sql: str) -> set[str]:
    """The literals of CASE branches, and those of the macros that the model calls."""
    sql = re.sub(r"--.*", "", sql)
    called = (values for name, values in MACROS.items() if f"{name}(" in sql)
    return set(BRANCH.findall(sql)).union(*called)


def test_each_value_of_a_branch_is_expected_by_a_unit_test() -> None:
    expected = _expected_by_unit_tests()
    branches = {
        path.stem: _given_by_branches(path.read_text(encoding="utf-8")) - COUNTED.get(path.stem, set())
        for layer in ("intermediate", "marts")
        for path in (PROJECT / "models" / layer).rglob("*.sql")
    }
    assert sum(map(len, branches.values())) > 50, "a search that finds no branches proves nothing"
    # A value that ends in a colon is a prefix: the test's value goes on after it.
    untested = {
        model: sorted(
            value
            for value in values
            if not any(seen == value or (value.endswith(":") and seen.startswith(value)) for seen in expected[model])
        )
        for model, values in branches.items()
    }
    assert {model: values for model, values in untested.items() if values} == {}


def test_the_search_sees_a_branch_and_no_comment() -> None:
    sql = "case when a then 'one' -- then 'two'\n else 'three' end, {{ recency_band('x', 'y', 'z') }}"
    assert _given_by_branches(sql) == {"one", "three", "never", "unknown"}
