"""The texts that the oracles share with the rule seeds."""

import csv

import pytest

from tests.support.dbt_runner import PROJECT


@pytest.fixture(scope="session")
def next_steps() -> dict[str, str | None]:
    """The rule seed's English text of what to do, by outcome."""
    with (PROJECT / "seeds/rules/capture_outcomes.csv").open(newline="", encoding="utf-8") as file:
        return {row["outcome"]: row["next_step_en"] or None for row in csv.DictReader(file)}
