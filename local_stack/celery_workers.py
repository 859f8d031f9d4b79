"""Airflow's CeleryExecutor on this machine: Redis as the broker, and workers."""

import shutil
from collections.abc import Callable
from pathlib import Path

import redis

from local_stack import StackError
from local_stack.ports import LOOPBACK
from local_stack.processes import Program
from local_stack.secret_files import replace_secret

REDIS = "redis"
WORKER_COMMAND = ["celery", "worker", "--skip-serve-logs", "--without-gossip", "--without-mingle"]
"""The api-server reads the logs from the same disk; workers do not need to see each other."""


def broker_url(port: int, password: str) -> str:
    """Address of the broker with its password."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def redis_program(configuration: Path, port: int, password: str) -> Program:
    """Debian's redis-server, in memory only: Airflow's metadata database stores every task.

    Args:
        configuration: the file to write, mode 0600; so no command line shows the password.
        port: port on this machine.
        password: required to send tasks.

    Raises:
        StackError: there is no redis-server.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise StackError("There is no redis-server. On Debian or Ubuntu: apt-get install redis-server.")
    lines = (f"bind {LOOPBACK}", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no", "daemonize no")
    replace_secret(configuration, "\n".join(lines) + "\n")
    return Program(REDIS, [program, str(configuration)], lambda _: _answers(port, password))


def _answers(port: int, password: str) -> bool:
    try:
        return bool(redis.Redis(LOOPBACK, port, password=password, socket_timeout=5).ping())
    except redis.RedisError:
        return False


def worker_programs(airflow: str, workers: int, log: Callable[[str], Path]) -> list[Program]:
    """The workers.

    Args:
        airflow: the program.
        workers: number of workers; each runs AIRFLOW__CELERY__WORKER_CONCURRENCY tasks at once.
        log: log file of a program, by its name.
    """

    def is_ready(name: str) -> Callable[[float], bool]:
        return lambda _: f"{name}@{LOOPBACK} ready" in log(name).read_text(encoding="utf-8", errors="replace")

    names = [f"worker-{number}" for number in range(1, workers + 1)]
    return [
        Program(name, [airflow, *WORKER_COMMAND, "--celery-hostname", f"{name}@{LOOPBACK}"], is_ready(name))
        for name in names
    ]
