"""Fixtures: a compose parser and the services that it reads; the wheel, and an environment that holds it."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.support.compose_file import Services, config, filled
from tests.support.installed_wheel import SECONDS


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


@pytest.fixture(scope="session")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what git knows: no leftover of the working tree gets in."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in (
        "plugins",
        "dags",
        "dbt_project",
        "bi",
        "docker",
        "setup.py",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    ):
        place = repository / name
        if place.is_dir():
            shutil.copytree(
                place, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "target", "logs")
            )
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(place, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True, timeout=SECONDS)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`social-metrics` of a new environment that holds the wheel, and the locked packages without the checkout.

    The packages come from this environment by a path, so that nothing is downloaded; its editable install of the
    checkout is not found that way, since only its own site module reads it.
    """
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=SECONDS)
    (packages,) = home.glob("lib/python3.*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    script = home / "bin" / "social-metrics"
    script.write_text(f"#!{home / 'bin' / 'python'}\nimport sys\nfrom social_metrics.cli import app\nsys.exit(app())\n")
    script.chmod(0o755)
    return script
