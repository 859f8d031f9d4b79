"""A unit test opens no socket and starts no process: one that does is red, and belongs to tests/integration."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

FORBIDDEN = {
    *("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto"),
    *("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"),
}
_events: list[str] = []
_is_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _is_watching and event in FORBIDDEN:
        _events.append(f"{event}{arguments!r:.200}")


sys.addaudithook(_watch)  # for the whole process, and for good: Python removes no audit hook


@pytest.fixture(autouse=True)
def unit_test_guard() -> Iterator[None]:
    """Fails the test that opened a socket or started a process, also where its code swallowed the refusal."""
    global _is_watching
    _events.clear()
    _is_watching = True
    try:
        yield
    finally:
        _is_watching = False
    assert not _events, f"a unit test reached out of its process; move it to tests/integration: {_events}"
