"""The DAG watch_health, run by Airflow against the simulator and a real warehouse."""

from datetime import timedelta

from tests.support.airflow_dags import AirflowStack
from tests.support.simulator import RUN_START


def test_rejected_credential_is_recorded_once_and_fails_no_run(stack: AirflowStack) -> None:
    stack.simulator.fault("x", "token_expired")
    assert stack.run("extract_social_metrics", logical_date=RUN_START).state == "success"
    for _ in range(2):
        run = stack.run("watch_health")
        assert run.state == "success", run.output
    alerts = stack.warehouse("select kind, subject, told_at is not null from ops.alerts where ended_at is null")
    assert ("credential_failed", "x/x", True) in alerts
    assert len(alerts) == len({alert[:2] for alert in alerts}), "one row while it lasts"
    assert "minutes are left today (2026-11-20, WIB)" in run.output

    stack.simulator.clear_faults()
    stack.simulator.set_clock(RUN_START.replace(hour=23, minute=30))
    assert (
        stack.run("extract_social_metrics", logical_date=RUN_START + timedelta(hours=3, minutes=30)).state == "success"
    )
    stack.run("watch_health")
    assert stack.warehouse("select count(*) from ops.alerts where kind = 'credential_failed' and ended_at is null") == [
        (0,)
    ], "an answer ended it"
