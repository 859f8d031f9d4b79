"""Fixtures: a compose parser, and the services that it reads."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.compose_file import Services, config, filled


@pytest.fixture(scope="session")
def compose() -> list[str]:
    """The command of a compose parser."""
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("no compose parser; on Debian: apt-get install docker-compose")


@pytest.fixture(scope="session")
def demo_services(compose: list[str], repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Services:
    """The services with the demo profile."""
    result = config(compose, repository, tmp_path_factory.mktemp("compose"), filled(), "--profile", "demo")
    assert result.returncode == 0, result.stderr
    services: Services = yaml.safe_load(result.stdout)["services"]
    return services


@pytest.fixture(scope="session")
def services(demo_services: Services) -> Services:
    """The services of production: those that no profile holds back."""
    return {name: service for name, service in demo_services.items() if not service.get("profiles")}
