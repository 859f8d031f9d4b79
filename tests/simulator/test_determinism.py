"""The same seed gives the same bytes; another seed gives another world."""

from pathlib import Path

from tests.simulator.platform_calls import NOW, SimulatorClient, calls_of_everything, running


def test_two_servers_of_one_seed_answer_the_same_bytes(simulator: SimulatorClient, demo_registry: Path) -> None:
    simulator.set_clock("2026-09-01T13:00:00Z")
    calls_of_everything(simulator)  # this one has a past: another day was asked before
    simulator.admin("POST", "reset")
    simulator.set_clock(NOW)
    here = calls_of_everything(simulator)
    with running(demo_registry, "--no-rate-limits") as other:
        there = calls_of_everything(other)
    with running(demo_registry, "--no-rate-limits", "--seed", "7") as different:
        elsewhere = calls_of_everything(different)
    assert here == there
    assert {name for name in here if here[name] == elsewhere[name]} == {"refused"}


def test_any_instant_can_be_asked_in_any_order(simulator: SimulatorClient) -> None:
    days = ["2026-11-24T13:00:00Z", "2026-08-01T13:00:00Z", "2026-10-05T17:30:00Z"]
    first = [simulator.admin("GET", "truth", at=day, platform="x") for day in days]
    again = [simulator.admin("GET", "truth", at=day, platform="x") for day in reversed(days)]
    assert first == list(reversed(again))
