"""Long-running programs, each in its own session: started, watched, and stopped with all their child processes.

Each program has a record (process id and start time) in the run folder, so that a later call finds and stops exactly
the programs that were started here.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_stack import StackError

POLL_SECONDS = 0.1
STOP_SECONDS = 20.0
LOG_END_LINES = 15

Tell = Callable[[str], None]
"""Shows a message to a person."""


@dataclass(frozen=True)
class Program:
    """A program to keep running.

    Attributes:
        name: of its record and its log.
        command: the program and its arguments; secrets go into the environment, never here.
        is_ready: takes the wall-clock time of the start; whether the program is ready.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[float], bool]


@dataclass(frozen=True)
class _Record:
    pid: int
    started: float

    def leader(self) -> psutil.Process | None:
        """The started process; None when it has ended, also when another process has its id."""
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            return process if alive and abs(process.create_time() - self.started) < 1 else None
        except psutil.Error:
            return None

    def members(self) -> list[psutil.Process]:
        """The live processes of the program's session, also without its leader."""
        if self.leader() is None and psutil.pid_exists(self.pid) and not _is_zombie(self.pid):
            return []
        found = []
        for process in psutil.process_iter():
            try:
                in_session = os.getsid(process.pid) == self.pid
                if in_session and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, ProcessLookupError, PermissionError):
                continue
        return found


class ProcessStack:
    """The programs of one run folder.

    Args:
        run_folder: for the records.
        log_folder: for `<name>.log` of each program.
    """

    def __init__(self, run_folder: Path, log_folder: Path) -> None:
        """Keeps the folders; nothing is started."""
        self._run_folder = run_folder
        self._log_folder = log_folder
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> Path:
        """Log file of a program."""
        return self._log_folder / f"{name}.log"

    def running(self) -> list[str]:
        """Names of the running programs, also of those that another command started."""
        self._reap()
        return sorted(name for name, record in self._records().items() if record.leader())

    def process_id(self, name: str) -> int:
        """Process id of a running program.

        Raises:
            StackError: it is not running.
        """
        record = self._records().get(name)
        if record is None or record.leader() is None:
            raise StackError(f"{name} is not running.")
        return record.pid

    def start(self, program: Program, environment: Mapping[str, str], folder: Path) -> None:
        """Starts the program unless it runs already."""
        if program.name in self.running():
            return
        for path in (self._run_folder, self._log_folder):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log(program.name).open("wb") as log:
            child = subprocess.Popen(
                program.command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[child.pid] = child
        record = {"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
        self._record_file(program.name).write_text(json.dumps(record), encoding="utf-8")

    def wait_until_ready(self, programs: Sequence[Program], seconds: float, tell: Tell = lambda _: None) -> None:
        """Waits until every program is ready.

        Args:
            programs: started before.
            seconds: for all of them together.
            tell: called with the name of each program that becomes ready.

        Raises:
            StackError: one ended or is not ready in time; the message includes the end of its log.
        """
        waiting = {program.name: program for program in programs}
        deadline = time.monotonic() + seconds
        while waiting:
            records = self._records()
            self._reap()
            for name, program in list(waiting.items()):
                record = records.get(name)
                if record is None or record.leader() is None:
                    raise StackError(f"{name} ended while starting.\n{self.log_end(name)}")
                if program.is_ready(record.started):
                    del waiting[name]
                    tell(name)
            if waiting and time.monotonic() > deadline:
                name = next(iter(waiting))
                raise StackError(f"{name} was not ready within {seconds:.0f} s.\n{self.log_end(name)}")
            if waiting:
                time.sleep(POLL_SECONDS)

    def log_end(self, name: str) -> str:
        """The path and the last lines of a program's log."""
        path = self.log(name)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        return "\n".join([f"The end of {path}:", *lines[-LOG_END_LINES:]])

    def stop(self, seconds: float = STOP_SECONDS) -> list[str]:
        """Interrupts all programs of this run folder, waits, then kills. Returns the names of those that ran.

        Args:
            seconds: time for the programs to end by themselves.
        """
        records = self._records()
        members: dict[int, psutil.Process] = {}
        stopped = []
        for name, record in records.items():
            members.update({process.pid: process for process in record.members()})
            leader = record.leader()
            if leader:
                stopped.append(name)  # before the signal: it may end at once
                leader.send_signal(signal.SIGINT)
        self._wait_for_end(list(members.values()), seconds)
        # A program may have started processes while it was ending: list its session again.
        for record in records.values():
            members.update({process.pid: process for process in record.members()})
        survivors = [process for process in members.values() if process.is_running()]
        for process in survivors:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._wait_for_end(survivors, STOP_SECONDS)
        for name in records:
            self._record_file(name).unlink(missing_ok=True)
        return stopped

    def _wait_for_end(self, processes: Sequence[psutil.Process], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(_lives(process) for process in processes) and time.monotonic() < deadline:
            self._reap()
            time.sleep(POLL_SECONDS)
        self._reap()

    def _reap(self) -> None:
        for pid, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[pid]

    def _record_file(self, name: str) -> Path:
        return self._run_folder / f"{name}.json"

    def _records(self) -> dict[str, _Record]:
        records = {}
        for path in sorted(self._run_folder.glob("*.json")):
            try:
                fields = json.loads(path.read_text(encoding="utf-8"))
                records[path.stem] = _Record(int(fields["pid"]), float(fields["started"]))
            except (ValueError, KeyError):
                path.unlink(missing_ok=True)  # incomplete after a kill of its writer
        return records


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and not _is_zombie(process.pid)


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
