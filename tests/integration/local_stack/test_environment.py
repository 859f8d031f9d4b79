"""The environment of the stack's programs: hermetic, and the only place where a secret travels."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from local_stack.environment import StackAddresses, stack_environment
from local_stack.layout import Layout
from local_stack.local_stack import LocalStack, simulated_credentials
from social_metrics.extract.credentials.connections import platform_connection
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import warehouse_url

ADDRESSES = StackAddresses(
    warehouse_url="postgresql://service:warehouse-secret@127.0.0.1:5433/demo",
    airflow_metadata_url="postgresql://airflow:metadata-secret@127.0.0.1:5433/airflow",
    simulator_url="http://127.0.0.1:8900",
    airflow_port=8081,
    jwt_secret="jwt-secret",
    fernet_key="fernet-secret",
    credentials_key="credentials-secret",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "state")


@pytest.fixture
def environment(layout: Layout) -> dict[str, str]:
    return stack_environment(layout, ADDRESSES, simulated_credentials())


def test_nothing_of_the_callers_production_leaks_in(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AIRFLOW_CONN_SOCIAL_METRICS_LINKEDIN",
        "AIRFLOW__CORE__EXECUTOR_CONFIG",
        "SOCIAL_METRICS_CAPTURE_CRON",
        "DBT_TARGET",
        "PGPASSWORD",
    ):
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setenv("AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE", "postgresql://leaked")
    environment = stack_environment(layout, ADDRESSES, simulated_credentials())
    assert "leaked" not in "".join(environment.values())
    assert environment["PATH"]


def test_with_a_broker_workers_run_the_tasks(layout: Layout, environment: dict[str, str]) -> None:
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert not [name for name in environment if name.startswith("AIRFLOW__CELERY")]
    with_broker = replace(ADDRESSES, broker_url="redis://:broker-secret@127.0.0.1:6379/0")
    environment = stack_environment(layout, with_broker, simulated_credentials())
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert environment["AIRFLOW__CELERY__BROKER_URL"] == with_broker.broker_url
    assert environment["AIRFLOW__CELERY__RESULT_BACKEND"].startswith("db+postgresql+psycopg2://airflow:")
    assert "secret" not in repr(with_broker)


def test_the_core_reads_its_connections_from_it(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert warehouse_url() == ADDRESSES.warehouse_url
    for platform, (login, secret) in simulated_credentials().items():
        connection = platform_connection(platform)
        assert (connection.base_url, connection.login, connection.secret) == (
            ADDRESSES.simulator_url,
            login,
            secret,
        )
        assert connection.simulated_clock


def test_settings_point_below_the_state_folder(
    layout: Layout, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.registry_dir == layout.registry
    assert settings.state_dir == layout.state
    for name in ("AIRFLOW_HOME", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
        assert Path(environment[name]).is_relative_to(layout.state), name


def test_no_secret_shows_in_a_repr() -> None:
    assert "secret" not in repr(ADDRESSES).replace("_secret", "")


def test_no_secret_stands_on_a_command_line(layout: Layout, environment: dict[str, str]) -> None:
    stack = LocalStack(layout, load_settings())
    secrets = {"warehouse-secret", "metadata-secret", "jwt-secret", "fernet-secret", "credentials-secret"}
    secrets |= {secret for _, secret in simulated_credentials().values()}
    assert all(secret in "".join(environment.values()) for secret in secrets)
    for program in stack.programs(ADDRESSES):
        words = " ".join(program.command)
        assert not any(secret in words for secret in secrets), program.name


def test_a_connection_is_one_json_object(environment: dict[str, str]) -> None:
    fields = json.loads(environment["AIRFLOW_CONN_SOCIAL_METRICS_X"])
    assert fields["conn_type"] == "social_api"
