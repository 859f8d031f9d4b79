"""The simulator without its port: the client's requests are answered in this process, by the same code."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

import urllib3

from simulator import MARK_HEADER, MARK_VALUE
from simulator.app import Simulator
from simulator.clock import http_date
from simulator.damage import Sending
from simulator.exchange import Request
from simulator.serve import ServeOptions, build
from tests.support.simulator import CREDENTIALS, RunningSimulator

ADDRESS = "http://127.0.0.1:1"  # nothing listens there: a call that bypasses this module fails at once

Spoil = Callable[[Request, Sending], Sending]


def make_simulator(registry: Path, clock: int, **options: Any) -> Simulator:
    """The application that `python -m simulator serve` would run; `clock` in UTC epoch seconds."""
    return build(ServeOptions(registry, registry / "centers.csv", 2024, clock, rate_limits=False, **options))


def connections(registry: Path) -> dict[str, str]:
    """The AIRFLOW_CONN_… variables that lead here."""
    here = RunningSimulator(ADDRESS, registry)
    return dict(here.connection_variable(platform) for platform in CREDENTIALS)


@contextmanager
def answering(simulator: Simulator, spoil: Spoil = lambda _request, sending: sending) -> Iterator[None]:
    """All HTTP of urllib3, and so of `requests`, goes to the simulator for the block.

    Args:
        simulator: see `make_simulator`.
        spoil: what happens to a platform's reply on its way; the simulator's own paths are left alone.
    """

    def urlopen(
        pool: urllib3.HTTPConnectionPool,
        method: str,
        url: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **asked: Any,
    ) -> urllib3.HTTPResponse:
        parts, netloc = urlsplit(url), f"{pool.host}:{pool.port}"
        assert netloc == urlsplit(ADDRESS).netloc, f"a call left the test: {netloc}"
        body = body or b""
        request = Request(
            method,
            unquote(parts.path),
            parts.query,
            {"host": netloc, **{name.lower(): str(value) for name, value in (headers or {}).items()}},
            body.encode() if isinstance(body, str) else body,
            simulator.clock.now(),
        )
        if request.path.startswith("/_simulator"):
            reply = simulator.admin.answer(request)
            sending = Sending(reply, reply.encoded(escape_unicode=False))
        else:
            sending = spoil(request, simulator.exchange(request))
        return _response(request, sending, preload_content=asked.get("preload_content", True))

    with patch.object(urllib3.HTTPConnectionPool, "urlopen", urlopen):
        yield


def _response(request: Request, sending: Sending, *, preload_content: bool) -> urllib3.HTTPResponse:
    if sending.sent_bytes is not None:
        raise urllib3.exceptions.ProtocolError("the connection closed before the whole reply had come")
    headers = {
        "Date": http_date(request.now),
        "Content-Type": sending.reply.content_type,
        MARK_HEADER: MARK_VALUE,
        **sending.reply.headers,
    }
    return urllib3.HTTPResponse(
        io.BytesIO(sending.payload),
        headers,
        sending.reply.status,
        preload_content=preload_content,
        decode_content=preload_content,
    )
