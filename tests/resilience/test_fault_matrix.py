"""The fault matrix. `make test` runs a sample of it, `make test-faults` all of it; both print their table.

After each fault and what an evening does about it: nothing lost, nothing twice, every account with an outcome. In full
the marts are built at the end, and are those of a history on which nothing went wrong; the sample's hashes are of the
evidence that marts are made of, since building them twice takes longer than all its faults.
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
    hash_of_evening,
    hash_of_evidence,
    hashes,
    without_outcome,
)
from tests.resilience.fault_bench import FIRST_DAY, Bench, History, bench, evening_of
from tests.resilience.fault_matrix import FAULTS, PLATFORMS, WORKER, Case, all_cases, evenings_of, sample, strike
from tests.support.simulator import CREDENTIALS

CASES = int(os.environ.get("SOCIAL_METRICS_TEST_FAULT_CASES", "0"))  # a full run says 1000: all there are


@dataclass(frozen=True)
class Survived:
    """What became of a case."""

    case: Case
    day: date
    difference: Difference
    is_equal: bool


@pytest.fixture
def weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Both histories, before their first evening."""
    with bench(tmp_path, Fernet.generate_key().decode()) as made:
        for platform in CREDENTIALS:
            monkeypatch.setenv(*made.stormy.simulator.at.connection_variable(platform))
        yield made


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_stands_twice(weather: Bench, seed: int) -> None:
    cases = sample(seed, CASES)
    days = evenings_of(cases, FIRST_DAY)
    for case, day in sorted(days.items(), key=lambda found: found[1]):
        strike(weather, case, day)
        assert half_written(weather.stormy) == {}, f"seed {seed}, {case}"
    _live_through(weather.calm, days)
    if CASES:
        _build_marts(weather, max(days.values()))
    survived = []
    for case, day in days.items():
        assert without_outcome(weather.stormy, case.platform, day) == [], f"seed {seed}, {case}"
        hash_of = hash_of_evening if CASES else hash_of_evidence
        calm, stormy = (hash_of(history, case.platform, day) for history in (weather.calm, weather.stormy))
        survived.append(Survived(case, day, compare(weather.calm, weather.stormy, case.platform, day), calm == stormy))
    print(f"seed {seed}; hashes of the {'marts' if CASES else 'evidence'}\n{table_of(survived)}")
    wrong = [one for one in survived if one.difference.lost or one.difference.twice or not one.is_equal]
    assert not wrong, "\n".join(f"{one.case} on {one.day}: {one.difference}" for one in wrong)
    if CASES:
        calm_marts, stormy_marts = hashes(weather.calm), hashes(weather.stormy)
        assert calm_marts == stormy_marts, {mart for mart in calm_marts if calm_marts[mart] != stormy_marts[mart]}


def _build_marts(weather: Bench, last: date) -> None:
    for history in (weather.calm, weather.stormy):
        run_transform(history.settings, history.url, through_date=last, retention_as_of=evening_of(last))


def _live_through(calm: History, days: dict[Case, date]) -> None:
    """The same captures on the same evenings, and nothing goes wrong."""
    for case, day in sorted(days.items(), key=lambda found: found[1]):
        calm.simulator.set_clock(evening_of(day))
        said = calm.capture(calm.order(case.platform, day, whole_evening=case.fault == WORKER))
        assert said[0] == "done", said


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
