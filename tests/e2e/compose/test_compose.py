"""The compose stack's life in order: each test goes on where the one before ended (`pytest -x`)."""

import json
import time

import requests

from social_metrics.publish.bi.definitions import load_dashboards
from social_metrics.publish.bi.superset.session import SupersetSession
from tests.e2e.compose.engine import Engine, run
from tests.e2e.compose.stack import SUPERSET, ComposeStack, wait_for

EXTRACT, TRANSFORM = "extract_social_metrics", "transform_social_metrics"
HISTORY_DAYS = 12
PREPARATIONS = 5


def test_everything_starts_and_becomes_healthy(stack: ComposeStack) -> None:
    begun = time.monotonic()
    print(run(stack.site / "docker/fill_env", "demo", "celery"))
    stack.compose("build", seconds=3000)
    print(f"images: {time.monotonic() - begun:.0f} s")
    begun = time.monotonic()
    stack.compose("up", "--detach")
    states = stack.wait_until_healthy()
    print(f"healthy: {time.monotonic() - begun:.0f} s")
    assert list(states.values()).count("exited 0") == PREPARATIONS
    assert sum("worker" in name for name in states) == 2


def test_containers_have_no_more_rights_than_they_need(stack: ComposeStack) -> None:
    for container in stack.containers():
        name, host = container["Name"], container["HostConfig"]
        assert container["Config"]["User"].split(":")[0] not in {"", "0", "root"}, name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["Privileged"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["ReadonlyRootfs"] or "postgres" in name, name
        for mount in container["Mounts"]:
            assert mount["Type"] != "volume" or mount["Name"].startswith("site_"), f"{name} has an anonymous volume"
        for bindings in container["NetworkSettings"]["Ports"].values():
            assert {binding["HostIp"] for binding in bindings or []} <= {"127.0.0.1"}, name


def test_people_log_in_by_their_passwords_alone(stack: ComposeStack) -> None:
    assert stack.token("admin", stack.setting("AIRFLOW_ADMIN_PASSWORD")).status_code == requests.codes.created
    assert stack.token("admin", "admin").status_code == requests.codes.unauthorized
    with stack.engine.network():
        login = {"username": "admin", "password": "admin", "provider": "db"}
        refused = requests.post(f"{SUPERSET}/api/v1/security/login", json=login, timeout=30)
        login["password"] = stack.setting("SUPERSET_ADMIN_PASSWORD")
        accepted = requests.post(f"{SUPERSET}/api/v1/security/login", json=login, timeout=30)
    assert (refused.status_code, accepted.status_code) == (requests.codes.unauthorized, requests.codes.ok)


def test_the_past_is_captured_by_the_real_extractors(stack: ComposeStack) -> None:
    history = stack.compose("run", "--rm", "--no-TTY", "history", "python", "-m", "local_stack.simulate", "history",
                            "--days", str(HISTORY_DAYS))  # fmt: skip
    assert f"{HISTORY_DAYS} days captured" in history


def test_a_run_reaches_the_boards(stack: ComposeStack) -> None:
    stack.enable_dags(EXTRACT, TRANSFORM, "seal_evidence", "enforce_retention", "maintain")
    stack.wait_for_run(EXTRACT, stack.trigger(EXTRACT))
    stack.wait_until_idle(TRANSFORM)
    days = stack.sql(
        "select count(distinct (captured_at at time zone 'Asia/Jakarta')::date) from raw.profile_snapshots"
    )
    assert int(days) >= HISTORY_DAYS
    boards = stack.boards()
    assert len(boards["rows"]) >= 5, boards
    assert "SIMULATED" in stack.inside("scheduler", "social-metrics", "top")


def test_tasks_run_on_the_workers(stack: ComposeStack) -> None:
    run_id = stack.runs(EXTRACT)[0]["dag_run_id"]
    tasks = stack.airflow("GET", f"/dags/{EXTRACT}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"]
    workers = {c["Config"]["Hostname"] for c in stack.containers() if "worker" in c["Name"]}
    assert {task["hostname"] for task in tasks if task["hostname"]} <= workers
    shown = next(task for task in tasks if task["hostname"] and task["map_index"] == -1)
    log = stack.airflow("GET", f"/dags/{EXTRACT}/dagRuns/{run_id}/taskInstances/{shown['task_id']}/logs/1")
    assert log["content"]


def test_dashboards_show_rows(stack: ComposeStack) -> None:
    with stack.engine.network():
        session = SupersetSession(SUPERSET, "admin", stack.setting("SUPERSET_ADMIN_PASSWORD"))
        dashboards, charts = session.all("dashboard"), session.all("chart")
        rows = {
            chart["slice_name"]: session.ask("GET", f"/api/v1/chart/{chart['id']}/data/")["result"][0]["rowcount"]
            for chart in charts
        }
    assert len(dashboards) >= 2 * len(load_dashboards(stack.site / "bi" / "dashboards"))
    empty = [name for name, count in rows.items() if not count]
    print(f"{len(dashboards)} dashboards, {len(rows)} charts, without rows: {empty}")
    assert len(empty) <= len(rows) / 5, empty


def test_a_killed_scheduler_comes_back_and_the_run_ends_well(stack: ComposeStack, engine: Engine) -> None:
    run_id = stack.trigger(EXTRACT)
    container = next(c for c in stack.containers() if "scheduler" in c["Name"])
    children = run("pgrep", "--parent", str(container["State"]["Pid"])).split()
    run("kill", "-9", *children)
    killed = time.monotonic()
    wait_for("a new scheduler", lambda: _restarts(engine, container["Id"]) > container["RestartCount"])
    stack.wait_until_healthy()
    print(f"healthy again after {time.monotonic() - killed:.0f} s")
    stack.wait_for_run(EXTRACT, run_id)
    stack.wait_until_idle(TRANSFORM)


def test_an_upgrade_during_a_transform_fails_nothing(stack: ComposeStack) -> None:
    run_id = stack.trigger(TRANSFORM)
    wait_for("a running task", lambda: "running" in str(
        stack.airflow("GET", f"/dags/{TRANSFORM}/dagRuns/{run_id}/taskInstances")["task_instances"]))  # fmt: skip
    with (stack.site / "plugins/social_metrics/__init__.py").open("a") as package:
        package.write("\n# A later version.\n")
    stack.compose("up", "--detach", "--build", seconds=3000)
    stack.wait_until_healthy()
    assert "# A later version." in stack.inside("scheduler", "cat", "plugins/social_metrics/__init__.py")
    stack.wait_for_run(TRANSFORM, run_id)
    stack.wait_for_run(EXTRACT, stack.trigger(EXTRACT))


def test_all_containers_may_start_at_once(stack: ComposeStack, engine: Engine) -> None:
    """As after a reboot: the engine starts them without the order of compose."""
    lasting = [c["Id"] for c in stack.containers() if c["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"]
    run("docker", "restart", "--time", "30", *lasting, env=engine.environment)
    stack.wait_until_healthy()
    stack.wait_for_run(EXTRACT, stack.trigger(EXTRACT))
    stack.wait_until_idle(TRANSFORM)


def test_containers_end_by_themselves(stack: ComposeStack) -> None:
    """None is killed at the end of its grace: 137 would say so."""
    before = stack.boards()
    stack.compose("stop")
    codes = {c["Name"]: c["State"]["ExitCode"] for c in stack.containers()}
    assert 137 not in codes.values(), codes
    stack.compose("down")
    assert run("docker", "ps", "--all", "--quiet", env=stack.engine.environment) == ""
    stack.compose("up", "--detach")
    stack.wait_until_healthy()
    assert stack.boards() == before


def test_nothing_is_left(stack: ComposeStack) -> None:
    stack.compose("down", "--volumes")
    environment = stack.engine.environment
    assert run("docker", "volume", "ls", "--quiet", env=environment) == ""
    networks = json.loads(run("docker", "network", "inspect", *run(
        "docker", "network", "ls", "--quiet", env=environment).split(), env=environment))  # fmt: skip
    assert {network["Name"] for network in networks} == {"bridge", "host", "none"}


def _restarts(engine: Engine, container: str) -> int:
    described = json.loads(run("docker", "inspect", container, env=engine.environment))
    return int(described[0]["RestartCount"])
