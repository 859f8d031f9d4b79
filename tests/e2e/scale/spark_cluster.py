"""A standalone Spark cluster on this machine: a master and two workers of one core each, as processes of the test."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

VENV = Path(__file__).resolve().parents[3] / ".venv-spark"
WORKERS = ("worker-1", "worker-2")
START_SECONDS = 90


@dataclass
class SparkCluster:
    """A running cluster; `processes` are its Java processes by name."""

    master: str  # spark://…
    web: str  # http://…, the master's page
    processes: dict[str, subprocess.Popen[bytes]]

    def executors(self, worker: str) -> list[psutil.Process]:
        """The executors that a worker has begun and that live."""
        return [child for child in psutil.Process(self.processes[worker].pid).children(recursive=True) if _lives(child)]

    def kill(self, worker: str) -> None:
        """End a worker and its executors by kill -9, all at once."""
        victims = [psutil.Process(self.processes[worker].pid), *self.executors(worker)]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):  # an executor ends with its worker, too
                victim.send_signal(signal.SIGKILL)
        psutil.wait_procs(victims, 20)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it ended since it was listed
        return False


@contextmanager
def running_cluster(folder: Path) -> Iterator[SparkCluster]:
    """Start master and workers, wait until both are registered, and end them all."""
    port, web = _free_port(), _free_port()
    master = f"spark://127.0.0.1:{port}"
    cluster = SparkCluster(master, f"http://127.0.0.1:{web}", {})
    folder.mkdir(parents=True, exist_ok=True)
    deploy = "org.apache.spark.deploy"
    try:
        cluster.processes["master"] = _start(
            folder, "master", f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port),
            "--webui-port", str(web),
        )  # fmt: skip
        _wait("the master", cluster, lambda: _page(cluster) is not None)
        for worker in WORKERS:
            cluster.processes[worker] = _start(
                folder, worker, f"{deploy}.worker.Worker", "--host", "127.0.0.1", "--webui-port", str(_free_port()),
                "--cores", "1", "--memory", "2g", "--work-dir", str(folder / worker), master,
            )  # fmt: skip
        _wait("both workers", cluster, lambda: (_page(cluster) or "").count(">ALIVE<") == len(WORKERS))
        yield cluster
    finally:
        for worker in WORKERS:
            if worker in cluster.processes and cluster.processes[worker].poll() is None:
                cluster.kill(worker)
        for process in cluster.processes.values():
            process.kill()
            process.wait(20)


def _start(folder: Path, name: str, java_class: str, *arguments: str) -> subprocess.Popen[bytes]:
    home = next((VENV / "lib").glob("python3*/site-packages/pyspark"))
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "TZ": "UTC",
    }
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(home / "bin" / "spark-class"), java_class, *arguments],
            env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _page(cluster: SparkCluster) -> str | None:
    with requests.Session() as session:
        session.trust_env = False  # no proxy leads to this machine
        try:
            return session.get(cluster.web, timeout=5).text
        except requests.RequestException:
            return None


def _wait(what: str, cluster: SparkCluster, is_there: Callable[[], bool]) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_there():
        ended = [name for name, process in cluster.processes.items() if process.poll() is not None]
        assert not ended, f"{ended} ended while waiting for {what}"
        assert time.monotonic() < until, f"{what} did not come within {START_SECONDS} seconds"
        time.sleep(0.3)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
