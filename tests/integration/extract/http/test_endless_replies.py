"""Replies without an end: the client gives up at its deadline or at its size, and its memory stays bounded."""

import gzip
import resource
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.connection_pool import HttpPool, ReplyLimits
from social_metrics.settings import REPOSITORY, Settings
from tests.support.local_platform import SOME_RULES, Answer, Bench, bench, serve

HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MEGABYTE = 1024 * 1024


@contextmanager
def serve_bytes(write: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads each request and lets `write` reply; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def reply(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            write(connection)

    def accept() -> None:
        while not ended.is_set():
            with suppress(OSError):
                threading.Thread(target=reply, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def failure_at(address: str, limits: ReplyLimits, **options: Any) -> tuple[CaptureFailure, Bench, float]:
    """What becomes of one call, and the seconds that it took."""
    asked = bench(SOME_RULES, address, http=HttpPool(address, 1, None, limits), timeout_seconds=2, **options)
    started = time.perf_counter()
    with pytest.raises(CaptureFailure) as raised:
        asked.client.get("things", "/v1/things", {})
    return raised.value, asked, time.perf_counter() - started


def trickle(prefix: bytes, byte: bytes) -> Callable[[socket.socket], None]:
    def write(connection: socket.socket) -> None:
        connection.sendall(prefix)
        while True:
            connection.sendall(byte)
            time.sleep(0.2)

    return write


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(HEADERS + b"Content-Length: 100000\r\n\r\n", id="length known"),
        pytest.param(HEADERS + b"\r\n", id="until the connection closes"),
        pytest.param(HEADERS + b"Transfer-Encoding: chunked\r\n\r\nFFFF\r\n", id="one chunk"),
        pytest.param(HEADERS + b"X-Endless: ", id="a header"),
        pytest.param(b"HTTP/1.1 200 ", id="the status line"),
    ],
)
def test_a_reply_of_single_bytes_ends_at_the_deadline(prefix: bytes) -> None:
    with serve_bytes(trickle(prefix, b"1")) as address:
        failure, asked, seconds = failure_at(address, ReplyLimits(seconds=1.0))
    assert failure.outcome is Outcome.INVALID_RESPONSE
    assert "SOCIAL_METRICS_HTTP_REPLY_SECONDS" in failure.detail
    assert not failure.for_all
    assert 0.9 < seconds < 1.9
    assert (len(asked.meter.settled), len(asked.recorder.spends)) == (1, 1)  # it was served, and no second try is made


def test_a_silent_server_is_unavailable_not_endless() -> None:
    with serve_bytes(lambda _connection: time.sleep(5)) as address:
        failure, _, _ = failure_at(address, ReplyLimits(seconds=0.5), attempts=1)
    assert failure.outcome is Outcome.PLATFORM_UNAVAILABLE


def endless(prefix: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def write(connection: socket.socket) -> None:
        connection.sendall(prefix)
        while True:
            connection.sendall(piece)

    return write


@pytest.mark.parametrize(
    ("prefix", "piece"),
    [
        pytest.param(HEADERS + b"\r\n", b"[" * 65536, id="until the connection closes"),
        pytest.param(HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"2000\r\n" + b" " * 8192 + b"\r\n", id="chunks"),
    ],
)
def test_an_endless_body_ends_at_the_largest_size(prefix: bytes, piece: bytes) -> None:
    with serve_bytes(endless(prefix, piece)) as address:
        failure, _, seconds = failure_at(address, ReplyLimits(seconds=30, decoded_bytes=4 * MEGABYTE))
    assert failure.outcome is Outcome.INVALID_RESPONSE
    assert "larger than 4 MiB (SOCIAL_METRICS_HTTP_MAX_REPLY_MEGABYTES)" in failure.detail
    assert seconds < 10


def test_a_small_reply_that_inflates_to_600_megabytes_is_refused_in_bounded_memory() -> None:
    """In a process of its own: the peak of this one may be higher from an earlier test."""
    done = subprocess.run(
        [sys.executable, "-m", __name__], cwd=REPOSITORY, text=True, capture_output=True, timeout=120, check=True
    )
    outcome, kilobytes = done.stdout.split()
    assert outcome == "invalid_response"
    assert int(kilobytes) < 90 * 1024, "more than the limit and the decoder's pieces were held"


def test_a_reply_at_the_limit_is_read_and_its_connection_is_used_again() -> None:
    body = b'{"items": [' + b" " * (MEGABYTE - 13) + b"]}"
    packed = Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"})
    with serve({"/things": [Answer(body), packed, Answer(body + b" ")]}) as server:
        pool = HttpPool(server.base_url, 1, None, ReplyLimits(decoded_bytes=MEGABYTE))
        asked = bench(SOME_RULES, server.base_url, http=pool)
        for _ in range(2):
            assert asked.client.get("things", "/v1/things", {}).body == {"items": []}
        assert pool.connections_made == 1
        with pytest.raises(CaptureFailure, match="larger than 1 MiB"):
            asked.client.get("things", "/v1/things", {})
    assert [response.received_bytes for response in asked.recorder.responses] == [MEGABYTE, MEGABYTE]


def test_the_limits_are_settings() -> None:
    assert ReplyLimits.of(Settings()) == ReplyLimits()
    assert ReplyLimits.of(Settings(http_reply_seconds=5, http_max_reply_megabytes=0.5)) == ReplyLimits(5, 512 * 1024)


def _inflate() -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    packed = b"".join(squeeze.compress(bytes(MEGABYTE)) for _ in range(600)) + squeeze.flush()
    headers = HEADERS + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with serve_bytes(lambda connection: connection.sendall(headers + packed)) as address:
        asked = bench(SOME_RULES, address)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            asked.client.get("things", "/v1/things", {})
            print("accepted", end=" ")
        except CaptureFailure as failure:
            print(failure.outcome, end=" ")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


if __name__ == "__main__":
    _inflate()
