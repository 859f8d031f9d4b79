"""The fault matrix. `make test` runs a sample of it, `make test-faults` all of it; both print their table.

After each fault and its retries: no row lost, none duplicated, every account with an outcome. The full run builds the
marts at the end and compares them with those of the reference history. The sample compares hashes of the evidence:
building the marts twice takes longer than all its faults.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from social_metrics.transform.run import run_transform
from tests.resilience.comparison import (
    Difference,
    compare,
    half_written,
    hash_of_evidence,
    hash_of_mart_rows,
    hashes,
    without_outcome,
)
from tests.resilience.fault_matrix import FAULTS, PLATFORMS, WORKER, Case, all_cases, run_days_of, sample, strike
from tests.resilience.fault_setup import FIRST_DAY, FaultSetup, History, run_start_of, start_fault_setup
from tests.support.simulator import CREDENTIALS

CASES = int(os.environ.get("SOCIAL_METRICS_TEST_FAULT_CASES", "0"))  # a full run sets 1000: all there are


@dataclass(frozen=True)
class Survived:
    """The result of a case."""

    case: Case
    day: date
    difference: Difference
    is_equal: bool


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultSetup]:
    """Both histories, before their first run."""
    with start_fault_setup(tmp_path, Fernet.generate_key().decode()) as made:
        for platform in CREDENTIALS:
            monkeypatch.setenv(*made.faulty.simulator.at.connection_variable(platform))
        yield made


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_stands_twice(setup: FaultSetup, seed: int) -> None:
    cases = sample(seed, CASES)
    days = run_days_of(cases, FIRST_DAY)
    for case, day in sorted(days.items(), key=lambda found: found[1]):
        strike(setup, case, day)
        assert half_written(setup.faulty) == {}, f"seed {seed}, {case}"
    _capture_without_faults(setup.reference, days)
    if CASES:
        _build_marts(setup, max(days.values()))
    survived = []
    for case, day in days.items():
        assert without_outcome(setup.faulty, case.platform, day) == [], f"seed {seed}, {case}"
        hash_of = hash_of_mart_rows if CASES else hash_of_evidence
        reference, faulty = (hash_of(history, case.platform, day) for history in (setup.reference, setup.faulty))
        survived.append(
            Survived(case, day, compare(setup.reference, setup.faulty, case.platform, day), reference == faulty)
        )
    print(f"seed {seed}; hashes of the {'marts' if CASES else 'evidence'}\n{table_of(survived)}")
    wrong = [one for one in survived if one.difference.lost or one.difference.twice or not one.is_equal]
    assert not wrong, "\n".join(f"{one.case} on {one.day}: {one.difference}" for one in wrong)
    if CASES:
        reference_marts, faulty_marts = hashes(setup.reference), hashes(setup.faulty)
        assert reference_marts == faulty_marts, {
            mart for mart in reference_marts if reference_marts[mart] != faulty_marts[mart]
        }


def _build_marts(setup: FaultSetup, last: date) -> None:
    for history in (setup.reference, setup.faulty):
        run_transform(history.settings, history.url, through_date=last, retention_as_of=run_start_of(last))


def _capture_without_faults(reference: History, days: dict[Case, date]) -> None:
    """The same captures on the same days, without a fault."""
    for case, day in sorted(days.items(), key=lambda found: found[1]):
        reference.simulator.set_clock(run_start_of(day))
        result = reference.capture(reference.order(case.platform, day, all_platforms=case.fault == WORKER))
        assert result[0] == "done", result


def table_of(survived: list[Survived]) -> str:
    """Faults with their counts; the last line is the sum."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for one in survived:
        for name in (one.case.fault, "all"):
            counts = rows[name]
            is_whole = not one.difference.lost and not one.difference.twice and one.is_equal
            for place, number in enumerate((1, is_whole, one.difference.lost, one.difference.twice, one.is_equal)):
                counts[place] += number
    lines = [f"{'fault':<26}{'cases':>7}{'survived':>10}{'lost rows':>11}{'duplicated rows':>17}{'hash equal':>12}"]
    for name in [*FAULTS, "all"]:
        if name in rows:
            cases, whole, lost, twice, equal = rows[name]
            lines.append(f"{name:<26}{cases:>7}{whole:>10}{lost:>11}{twice:>17}{equal:>9} of {cases}")
    return "\n".join(lines)


def test_the_matrix_is_whole() -> None:
    cases = all_cases()
    assert len(cases) == len(set(cases)) == len(FAULTS) * (6 * len(PLATFORMS) + 1)
    for seed in range(50):
        chosen = sample(seed, 0)
        assert {case.fault for case in chosen} == set(FAULTS)
        assert len({case.stage for case in chosen}) == 7
        assert {case.platform for case in chosen} == set(PLATFORMS)
