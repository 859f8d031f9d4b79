"""docker-compose.yml as a compose parser reads it, and the environments that it is read with."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

SECRETS = (
    "POSTGRES_PASSWORD",
    "SOCIAL_METRICS_WAREHOUSE_PASSWORD",
    "AIRFLOW_METADATA_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_BROKER_PASSWORD",
    "SOCIAL_METRICS_CREDENTIALS_KEY",
    "SUPERSET_ADMIN_PASSWORD",
    "SUPERSET_METADATA_PASSWORD",
    "SUPERSET_SECRET_KEY",
    "SOCIAL_METRICS_BI_LOGIN_KEY",
)

Services = dict[str, dict[str, Any]]


def config(
    compose: list[str], repository: Path, folder: Path, variables: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    """What the compose parser makes of the repository's file with these variables."""
    env_file = folder / "filled.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "DOCKER_CONFIG"}}
    command = [*compose, "--file", str(repository / "docker-compose.yml"), "--env-file", str(env_file)]
    return subprocess.run([*command, *options, "config"], capture_output=True, text=True, env=clean, check=False)


def filled(**changes: str) -> dict[str, str]:
    """Every secret with a value of its own (`given0`, `given1`, …)."""
    given = {name: f"given{number}" for number, name in enumerate(SECRETS)}
    return given | {"SOCIAL_METRICS_CONNECTIONS_FILE": "docker/connections.env.example"} | changes


def written_env(repository: Path, folder: Path, *words: str) -> dict[str, str]:
    """What `docker/fill_env` writes into a copy of the repository's files."""
    (folder / "docker").mkdir(parents=True)
    for name in (".env.example", "docker/fill_env", "docker/connections.env.example"):
        shutil.copy(repository / name, folder / name)
    result = subprocess.run([folder / "docker" / "fill_env", *words], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
