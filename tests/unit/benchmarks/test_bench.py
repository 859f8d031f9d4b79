"""The bench itself, on tiny sizes: ratios, pages that keep what was not measured, replays that keep to limits."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import PAGE, PARTS, rewrite
from benchmarks.extraction import LIMIT, OURS, SKIPPING, Run, table_of
from benchmarks.scaling import MIDNIGHT, Limits, calls_wanted, credentials_needed, limits, replay
from social_metrics.registry.registry import load_registry
from social_metrics.settings import DEFAULT_REGISTRY, REPOSITORY

LIMITS = limits(dict(load_registry(DEFAULT_REGISTRY).platforms))
ANY_LIMITS = st.builds(
    Limits,
    st.sampled_from([0.5, 1, 50, 100]),
    st.integers(0, 3),
    st.sampled_from([1, 15, 60, 24 * 60]),
    st.integers(1, 5_000),
    st.none() | st.integers(1, 20_000),
    st.integers(1, 32),
    st.integers(1, 7),
)


@given(st.integers(1, 10**6), ANY_LIMITS, st.integers(1, 5))
def test_a_replay_never_passes_a_limit(accounts: int, limit: Limits, credentials: int) -> None:
    replayed = replay(accounts, limit, credentials)
    made = replayed.made
    assert sum(made) <= replayed.wanted == calls_wanted(accounts, limit)
    assert (sum(made) == replayed.wanted) == (replayed.ended is not None)
    if limit.day_calls is not None:
        assert sum(made) <= limit.day_calls * credentials
    assert limit.window_minutes is not None
    assert limit.window_calls is not None
    for minute in range(MIDNIGHT):
        assert sum(made[max(0, minute - limit.window_minutes + 1) : minute + 1]) <= limit.window_calls * credentials


def test_the_ministrys_run_ends_in_its_first_minutes_on_every_platform() -> None:
    assert set(LIMITS) == set(load_registry(DEFAULT_REGISTRY).platforms)
    for name, limit in LIMITS.items():
        assert (replay(31, limit).ended or MIDNIGHT) <= 2, name


def test_the_fewest_credentials_are_enough_and_one_less_is_not() -> None:
    for limit in (LIMITS["youtube"], LIMITS["instagram"]):
        needed = credentials_needed(100_000, limit)
        assert replay(100_000, limit, needed).ended is not None
        assert replay(100_000, limit, needed - 1).ended is None


def test_a_page_keeps_what_was_not_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    kept = "b\n<!-- bench: memory -->\nkept\n<!-- /bench -->\n"
    page.write_text(f"a\n<!-- bench: run -->\nold\n<!-- /bench -->\n{kept}")
    rewrite(page, "run", ["| new |"])
    assert page.read_text() == f"a\n<!-- bench: run -->\n| new |\n<!-- /bench -->\n{kept}"
    with pytest.raises(ValueError, match="no marks for 'transform'"):
        rewrite(page, "transform", [])


def test_the_pages_have_a_place_for_every_table() -> None:
    for name, parts in ((PAGE, PARTS), (REPOSITORY / "docs" / "scaling.md", ("platforms", "machine"))):
        for part in parts:
            assert f"<!-- bench: {part} -->\n" in name.read_text(encoding="utf-8")


def test_ratios_are_to_the_limit_of_the_same_day() -> None:
    runs = [
        Run(peer, day, wall, cpu, 80.0, 2040, 32, 1, 1)
        for peer, day, wall, cpu in (
            (LIMIT, 1, 4.0, 1.0),
            (OURS, 1, 5.0, 3.0),
            (LIMIT, 2, 2.0, 1.0),
            (SKIPPING, 2, 1.0, 0.5),
        )
    ]
    lines = table_of(runs)
    assert "| ours | 1 | 5.0 | 1.25 | 3.0 | 3.00 | 80 | 2,040 | 32 |" in lines
    assert "| limit, skipping | 2 | 1.0 | 0.50 | 0.5 | 0.50 | 80 | 2,040 | 32 |" in lines
