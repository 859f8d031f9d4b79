"""HTTP connections to a platform, kept open between calls.

Proxies and certificates are those of `requests` and the environment, determined once. Calls go to urllib3 below it:
preparing each call in `requests`, with cookies and redirects that are not needed, doubles its cost (ADR 23).
"""

import http.client
import io
import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from social_metrics.settings import Settings

PIECE_BYTES = 256 * 1024
"""Decoded bytes taken from a response at once: most responses are one piece, and a compressed one stays bounded."""

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "social-metrics"}


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """How long a response may take in all, and how large it may be."""

    seconds: float = 60.0  # from the end of the request to the last byte
    decoded_bytes: int = 16 * 1024 * 1024  # after decompression

    @classmethod
    def of(cls, settings: Settings) -> "ReplyLimits":
        """The limits of these settings."""
        return cls(settings.http_reply_seconds, int(settings.http_max_reply_megabytes * 1024**2))


class EndlessReplyError(HTTPError):
    """A response came, but exceeds `ReplyLimits`."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpPool(HTTPAdapter):
    """Connections to one host, shared by all threads that call it.

    Args:
        base_url: the platform's address; this machine is called without a proxy in every environment.
        at_once: calls that may be in flight; as many connections are kept alive.
        trusted: file of certificate authorities, in place of the system's.
        limits: of each response.
    """

    def __init__(
        self, base_url: str, at_once: int = 1, trusted: str | None = None, limits: ReplyLimits | None = None
    ) -> None:
        super().__init__(pool_maxsize=at_once)
        self._limits = limits or ReplyLimits()
        address = urlsplit(base_url)
        self._prefix = address.path.rstrip("/")
        session = requests.Session()
        session.trust_env = address.hostname not in ("127.0.0.1", "localhost")
        given = session.merge_environment_settings(base_url, {}, None, trusted, None)
        verify = given["verify"] or True  # no setting switches the verification off
        request = requests.Request("GET", base_url).prepare()
        pool = self.get_connection_with_tls_context(request, verify, given["proxies"], given["cert"])
        self.cert_verify(pool, base_url, verify, given["cert"])  # type: ignore[no-untyped-call]
        self._pool = cast(HTTPConnectionPool, pool)
        connection = self._pool.ConnectionCls
        timed = partial(_TimedResponse, self._limits.seconds)
        self._pool.ConnectionCls = type(connection.__name__, (connection,), {"response_class": timed})

    @property
    def connections_made(self) -> int:
        """Number of connections opened so far."""
        return self._pool.num_connections

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        form: Mapping[str, Any],
        json_body: Any,
        seconds: float,
    ) -> HttpResponse:
        """Make one call and read the whole response; without retries and redirects.

        Args:
            method: GET or POST.
            path: below the base address.
            params: query parameters.
            headers: in addition to those of every call.
            form: fields of a POST; empty for none.
            json_body: body of a POST, or None.
            seconds: timeout of the connection, and of each read.

        Raises:
            EndlessReplyError: the response exceeds the limits.
            urllib3.exceptions.HTTPError: no complete response came.
            ValueError: a header has characters that are not allowed.
        """
        body, content_type = _body(form, json_body)
        response = self._pool.urlopen(
            method,
            self._prefix + path + (f"?{urlencode(params, doseq=True)}" if params else ""),
            body=body,
            headers={**_HEADERS, **content_type, **headers},
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=seconds,
            preload_content=False,
        )
        return HttpResponse(response.status, response.headers, self._read(response))

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """The decompressed body; the connection returns to the pool, or is closed when the body is too large."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.read(PIECE_BYTES, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._limits.decoded_bytes:
                response.close()
                megabytes = self._limits.decoded_bytes / 1024**2
                raise EndlessReplyError(
                    f"the response is larger than {megabytes:g} MiB (SOCIAL_METRICS_HTTP_MAX_REPLY_MEGABYTES)"
                )
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _TimedReader(io.RawIOBase):
    """A socket's bytes until a deadline: a timeout alone starts again with every byte."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, seconds: float) -> None:
        super().__init__()
        self._socket = sock
        self._raw = raw
        self._seconds = seconds
        self._timeout = sock.gettimeout()
        self._ends = time.monotonic() + seconds
        self._has_begun = False

    def readable(self) -> bool:
        """Always: `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come.

        Raises:
            EndlessReplyError: the response has begun and is not complete at the deadline.
            TimeoutError: nothing came.
        """
        left = self._ends - time.monotonic()
        if left <= 0 and self._has_begun:
            raise self._endless()
        if self._timeout is None or left < self._timeout:
            self._socket.settimeout(max(left, 0.001))
        try:
            size = self._raw.readinto(buffer)
        except TimeoutError:
            if self._has_begun and time.monotonic() >= self._ends:
                raise self._endless() from None
            raise
        self._has_begun = True
        return cast("int | None", size)

    def close(self) -> None:
        """Give the socket back with its own timeout: the connection may be used again."""
        if not self.closed:
            with suppress(OSError):
                self._socket.settimeout(self._timeout)
            self._raw.close()
        super().close()

    def _endless(self) -> EndlessReplyError:
        return EndlessReplyError(
            f"the response had not ended after {self._seconds:g} seconds (SOCIAL_METRICS_HTTP_REPLY_SECONDS)"
        )


class _TimedResponse(http.client.HTTPResponse):
    """A response, headers included, with a deadline."""

    def __init__(self, seconds: float, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(sock, raw, seconds))


def may_have_been_served(error: HTTPError) -> bool:
    """Whether the request may have reached the platform although no complete response came back."""
    return isinstance(error, (ReadTimeoutError, ProtocolError, DecodeError, EndlessReplyError))


def _body(form: Mapping[str, Any], json_body: Any) -> tuple[bytes | None, dict[str, str]]:
    if form:
        return urlencode(form).encode("ascii"), {"Content-Type": "application/x-www-form-urlencoded"}
    if json_body is not None:
        return json.dumps(json_body).encode("ascii"), {"Content-Type": "application/json"}
    return None, {}
