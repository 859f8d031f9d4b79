"""The DAG that watches, run by Airflow against the simulator and a real warehouse."""

from datetime import timedelta

from tests.support.airflow_dags import Evening
from tests.support.simulator import RUN_START


def test_a_refused_credential_is_found_recorded_once_and_red_for_nobody(evening: Evening) -> None:
    evening.simulator.fault("x", "token_expired")
    assert evening.run("extract_social_metrics", logical_date=RUN_START).state == "success"
    for _ in range(2):
        run = evening.run("watch_health")
        assert run.state == "success", run.output
    alerts = evening.warehouse("select kind, subject, told_at is not null from ops.alerts where ended_at is null")
    assert ("credential_failed", "x/x", True) in alerts
    assert len(alerts) == len({alert[:2] for alert in alerts}), "one row while it lasts"
    assert "minutes are left today (2026-11-20, WIB)" in run.output

    evening.simulator.clear_faults()
    evening.simulator.set_clock(RUN_START.replace(hour=23, minute=30))
    assert (
        evening.run("extract_social_metrics", logical_date=RUN_START + timedelta(hours=3, minutes=30)).state
        == "success"
    )
    evening.run("watch_health")
    assert evening.warehouse(
        "select count(*) from ops.alerts where kind = 'credential_failed' and ended_at is null"
    ) == [(0,)], "an answer ended it"
