"""The next steps that a capture writes come from the seed capture_outcomes.csv."""

import shutil
from pathlib import Path

import pytest

from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.registry.next_steps import load_next_steps
from social_metrics.settings import Settings


def test_every_outcome_that_is_not_complete_has_a_next_step() -> None:
    assert set(load_next_steps(Settings())) == set(Outcome) - {Outcome.CAPTURED, Outcome.NOT_ATTEMPTED}


def test_a_damaged_seed_is_reported_with_its_line(tmp_path: Path) -> None:
    rules = tmp_path / "seeds" / "rules"
    rules.mkdir(parents=True)
    shutil.copy(Settings().dbt_project_dir / "seeds/rules/capture_outcomes.csv", rules)
    with (rules / "capture_outcomes.csv").open("a", encoding="utf-8") as file:
        file.write("half a row\n")
    with pytest.raises(UsageProblem, match=r"capture_outcomes.csv, line 21: 1 cells instead of 8"):
        load_next_steps(Settings(dbt_project_dir=tmp_path))
