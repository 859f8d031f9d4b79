"""The process stack: what it starts, it stops, with everything that was begun on the way."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local_stack import StackError
from local_stack.processes import ProcessStack, Program

CHILD_PID = "child.pid"

# A program with a child that outlives it, as a scheduler has its workers.
PARENT = f"""
import pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("{CHILD_PID}.new").write_text(str(child.pid))
pathlib.Path("{CHILD_PID}.new").rename("{CHILD_PID}")
time.sleep(600)
"""
STUBBORN = """
import pathlib, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path("deaf").touch()
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def stack(folder: Path) -> Iterator[ProcessStack]:
    stack = _stack(folder)
    yield stack
    stack.stop(seconds=0)


def _stack(folder: Path) -> ProcessStack:
    return ProcessStack(folder / "run", folder / "logs")


def _python(name: str, code: str, ready_file: Path | None = None) -> Program:
    return Program(name, [sys.executable, "-c", code], lambda _: ready_file is None or ready_file.exists())


def _start(stack: ProcessStack, program: Program, folder: Path) -> None:
    stack.start(program, os.environ, folder)
    stack.wait_until_ready([program], seconds=30)


def _child(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / CHILD_PID).read_text()))


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_stop_leaves_no_grandchild_behind(stack: ProcessStack, folder: Path) -> None:
    _start(stack, _python("parent", PARENT, folder / CHILD_PID), folder)
    child = _child(folder)
    assert stack.running() == ["parent"]
    assert stack.stop(seconds=1) == ["parent"]
    assert stack.running() == []
    assert not _lives(child)


def test_orphans_of_a_killed_program_are_stopped_by_a_later_call(folder: Path) -> None:
    first = _stack(folder)
    _start(first, _python("parent", PARENT, folder / CHILD_PID), folder)
    child = _child(folder)
    parent = child.parent()
    assert parent
    parent.kill()
    parent.wait()
    assert _lives(child)
    assert first.running() == []
    _stack(folder).stop(seconds=1)
    assert not _lives(child)


def test_what_ignores_the_request_is_killed(stack: ProcessStack, folder: Path) -> None:
    _start(stack, _python("stubborn", STUBBORN, folder / "deaf"), folder)
    assert stack.stop(seconds=0.2) == ["stubborn"]
    assert stack.running() == []


def test_starting_twice_starts_once(stack: ProcessStack, folder: Path) -> None:
    program = _python("parent", PARENT, folder / CHILD_PID)
    _start(stack, program, folder)
    child = _child(folder)
    _start(_stack(folder), program, folder)
    assert _child(folder) == child


def test_a_program_that_ends_at_once_is_reported_with_its_log(stack: ProcessStack, folder: Path) -> None:
    program = Program("broken", [sys.executable, "-c", "raise SystemExit('no such port')"], lambda _: False)
    with pytest.raises(StackError, match=r"(?s)broken ended while starting.*no such port"):
        _start(stack, program, folder)


def test_a_program_that_never_gets_ready_is_reported(stack: ProcessStack, folder: Path) -> None:
    program = Program("idle", [sys.executable, "-c", "import time; time.sleep(600)"], lambda _: False)
    stack.start(program, os.environ, folder)
    with pytest.raises(StackError, match="idle was not ready within 0 s"):
        stack.wait_until_ready([program], seconds=0.2)


def test_a_stranger_with_a_recorded_process_id_is_left_alone(stack: ProcessStack, folder: Path) -> None:
    stranger = psutil.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        (folder / "run").mkdir()
        (folder / "run" / "old.json").write_text(f'{{"pid": {stranger.pid}, "started": 1.0}}')
        assert stack.running() == []
        assert stack.stop(seconds=0) == []
        assert _lives(psutil.Process(stranger.pid))
    finally:
        os.killpg(stranger.pid, signal.SIGKILL)
        stranger.wait()
