"""Settings that contradict each other are refused in one sentence."""

import croniter  # noqa: F401  its import starts a process, and the guard of unit tests forbids that within a test
import pytest

from social_metrics.errors import UsageProblem
from social_metrics.settings import load_settings

EARLY = {"CRON": "0,30 18-21 * * *", "BEGINS": "18:00", "LAST_ATTEMPT": "21:30", "CUTOFF": "21:45"}


def set_schedule(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        prefix = "SOCIAL_METRICS_" if name == "ALERT_DEADLINE" else "SOCIAL_METRICS_CAPTURE_"
        monkeypatch.setenv(prefix + name, value)


@pytest.mark.parametrize(
    "values",
    [
        {},
        EARLY | {"ALERT_DEADLINE": "19:30"},
        {"CRON": "*/30 20-23 * * *"},
        {"CRON": "0,30 20-23 * * 1-5"},
        {"CRON": "0,30 12,20-23 * * *"},  # a run before the day's first may read what is repeated later
        {"CUTOFF": "23:59"},
    ],
)
def test_consistent_schedules_are_taken(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    set_schedule(monkeypatch, **values)
    assert load_settings().capture_cron == values.get("CRON", "0,30 20-23 * * *")


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"CRON": "15,45 20-23 * * *"}, "SOCIAL_METRICS_CAPTURE_BEGINS is the time of a run"),
        ({"BEGINS": "20:15"}, "SOCIAL_METRICS_CAPTURE_BEGINS is the time of a run"),
        ({"CRON": "0,30 20-22 * * *"}, "SOCIAL_METRICS_CAPTURE_LAST_ATTEMPT is the time of the last run"),
        ({"LAST_ATTEMPT": "22:00"}, "SOCIAL_METRICS_CAPTURE_LAST_ATTEMPT is the time of the last run"),
        ({"CUTOFF": "23:15"}, "SOCIAL_METRICS_CAPTURE_CUTOFF is later"),
        ({"CUTOFF": "00:30"}, "SOCIAL_METRICS_CAPTURE_CUTOFF is later"),
        ({"ALERT_DEADLINE": "19:00"}, "SOCIAL_METRICS_ALERT_DEADLINE is later"),
        (EARLY | {"BEGINS": "21:30"}, "SOCIAL_METRICS_CAPTURE_LAST_ATTEMPT is later"),
        ({"CRON": "every evening"}, "SOCIAL_METRICS_CAPTURE_CRON 'every evening' is no cron expression"),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], rule: str
) -> None:
    set_schedule(monkeypatch, **values)
    with pytest.raises(UsageProblem) as refused:
        load_settings()
    assert rule in str(refused.value)
    if "no cron" not in rule:
        for name in ("CAPTURE_CRON", "CAPTURE_BEGINS", "CAPTURE_LAST_ATTEMPT", "CAPTURE_CUTOFF", "ALERT_DEADLINE"):
            assert f"SOCIAL_METRICS_{name}" in str(refused.value)
