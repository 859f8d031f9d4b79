"""Superset beside the stack: one more program with its own environment, two logins and a metadata database."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests
from rich.console import Console

from local_stack import StackError
from local_stack.databases import BI_LOGIN, SUPERSET, SUPERSET_LOGIN, Login, ensure_metadata
from local_stack.environment import ADMIN, PRODUCTION_PREFIXES
from local_stack.local_stack import LocalStack
from local_stack.ports import LOOPBACK, free_port
from local_stack.processes import Program
from local_stack.secret_files import keep_secret
from social_metrics.publish.bi.logins import ReadingLogin, reading_login

NAME = "superset"
PORT = 8088
START_SECONDS = 120
WORKER_SECONDS = 120


def bring_up_superset(stack: LocalStack, console: Console) -> str:
    """Starts Superset unless it runs, and imports the dashboards; returns its address.

    Raises:
        StackError: it is not installed, does not start, or refuses the dashboards.
    """
    program = stack.layout.superset_program
    if not program.exists():
        raise StackError("Superset is not installed. Run `make superset`.")
    addresses = stack.start_database()
    server, mark = stack.server(), stack.mark()
    own = Login(SUPERSET_LOGIN + mark, keep_secret(stack.layout.secret("superset-login")))
    metadata_url = ensure_metadata(server, own, SUPERSET + mark)
    password = keep_secret(stack.layout.secret("superset-admin"))
    port = _port(stack)
    url = f"http://{LOOPBACK}:{port}"
    environment = superset_environment(stack, metadata_url)
    if NAME not in stack.processes.running():
        with console.status("Superset: tables and permissions (half a minute the first time)"):
            _prepare(stack, environment, password)
        server_program = superset_program(program.with_name("gunicorn"), port, url)
        stack.processes.start(server_program, environment, stack.layout.superset_home)
        with console.status("Superset starts"):
            stack.processes.wait_until_ready([server_program], START_SECONDS)
    settings = stack.environment(addresses) | {
        "SOCIAL_METRICS_BI_PASSWORD": password,
        "SOCIAL_METRICS_BI_LOGIN": _reader(stack).name,
        "SOCIAL_METRICS_BI_LOGIN_KEY": _login_key(stack),
    }
    for command in (["logins", "--format", "json"], ["provision", "--url", url]):
        _bring(command, settings)
    console.print(
        f"Superset: {url}  user {ADMIN}, password in {stack.layout.secret('superset-admin')}", highlight=False
    )
    return url


def _bring(command: list[str], environment: Mapping[str, str]) -> None:
    program = str(Path(sys.executable).with_name("social-metrics"))
    result = subprocess.run([program, "bi", *command], env=dict(environment), capture_output=True, text=True)
    if result.returncode:
        raise StackError(f"Superset runs, but `social-metrics bi {command[0]}` failed.\n{result.stderr.strip()}")


def _login_key(stack: LocalStack) -> str:
    return keep_secret(stack.layout.secret("bi-login-key"))


def _reader(stack: LocalStack) -> ReadingLogin:
    """Leadership's login of the warehouse."""
    return reading_login(BI_LOGIN + stack.mark(), _login_key(stack))


def superset_environment(stack: LocalStack, metadata_url: str) -> dict[str, str]:
    """The environment of Superset's processes, without the logins of the warehouse's service and of Airflow."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PRODUCTION_PREFIXES)}
    return inherited | {
        "SUPERSET_CONFIG_PATH": str(stack.layout.repository / "bi" / "superset" / "superset_config.py"),
        "SUPERSET_HOME": str(stack.layout.superset_home),
        "SUPERSET_SECRET_KEY": keep_secret(stack.layout.secret("superset-key")),
        "SUPERSET_DATABASE_URI": metadata_url.replace("postgresql://", "postgresql+psycopg2://", 1),
        "SOCIAL_METRICS_BI_LOGIN": _reader(stack).name,
        "SOCIAL_METRICS_BI_LOGIN_KEY": _login_key(stack),
        "FLASK_APP": "superset.app:create_app()",
        "no_proxy": "*",
        "PYTHONUNBUFFERED": "1",
    }


def superset_program(gunicorn: Path, port: int, url: str) -> Program:
    """The server as one program of the stack."""
    command = [str(gunicorn), "--no-control-socket", "--workers", "1", "--threads", "8", "--worker-class", "gthread"]
    command += ["--timeout", str(WORKER_SECONDS), "--bind", f"{LOOPBACK}:{port}", "superset.app:create_app()"]
    return Program(NAME, command, lambda _: _answers(url))


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False


def _prepare(stack: LocalStack, environment: Mapping[str, str], password: str) -> None:
    """Creates Superset's tables, administrator and roles; every step is repeatable."""
    stack.layout.superset_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    stack.layout.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = str(stack.layout.superset_program)
    _run(stack, [program, "db", "upgrade"], environment)
    # The password goes to standard input: every user of the machine can read a command line.
    administrator = [program, "fab", "create-admin", "--username", ADMIN, "--firstname", "Tim", "--lastname", "data"]
    administrator += ["--email", "admin@localhost"]
    _run(stack, administrator, environment, typed=f"{password}\n{password}\n")
    _run(stack, [program, "init"], environment)


def _run(stack: LocalStack, command: Sequence[str], environment: Mapping[str, str], typed: str = "") -> None:
    log = stack.processes.log("superset-prepare")
    with log.open("ab") as output:
        result = subprocess.run(
            command,
            env=dict(environment),
            cwd=stack.layout.superset_home,
            input=typed.encode(),
            start_new_session=True,  # without a terminal it reads the password from standard input
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        step = " ".join(command[1:3])
        raise StackError(f"superset {step} failed (exit {result.returncode}).\n{stack.processes.log_end(log.stem)}")


def _port(stack: LocalStack) -> int:
    noted = stack.layout.port(NAME)
    known = int(noted.read_text(encoding="utf-8")) if noted.exists() else None
    if known and NAME in stack.processes.running():
        return known
    port = free_port(known or PORT)
    noted.write_text(str(port), encoding="utf-8")
    return port
