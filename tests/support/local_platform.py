"""A platform on this machine: a tiny HTTP server that gives prepared answers, and the real client before it.

Requests are real, the client is the real `ApiClient`; only the far end is ours.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from social_metrics.contract import AuthorizationMode, Outcome, Source
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.http.client import ApiClient, ApiRules, Recorder
from social_metrics.extract.http.replies import Cost, Refusal, Reply
from social_metrics.registry.account import Account

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # 20:00 WIB
SECRET = "not-a-secret-only-a-test"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `body` is a JSON value, or bytes sent as they are."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def written(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Request:
    """A request as the server saw it; `parameters` are those of the query and of a form."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


class LocalPlatform:
    """Answers by path: `answers` maps the end of a path to its answers in order; the last one repeats."""

    def __init__(self, answers: Mapping[str, Sequence[Answer]]) -> None:
        self._answers = {end: list(given) for end, given in answers.items()}
        self.requests: list[Request] = []
        self.base_url = ""

    def answer(self, path: str) -> Answer:
        ends = [end for end in self._answers if path.endswith(end)]
        if not ends:
            return Answer({"no answer prepared for": path}, status=418)
        prepared = self._answers[max(ends, key=len)]
        return prepared.pop(0) if len(prepared) > 1 else prepared[0]

    def asked(self, end: str) -> list[Request]:
        """The requests whose path ends so, in order."""
        return [request for request in self.requests if request.path.endswith(end)]


@contextmanager
def serve(answers: Mapping[str, Sequence[Answer]]) -> Iterator[LocalPlatform]:
    """Run the server on a free port of this machine."""
    platform = LocalPlatform(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer_request(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            parts = urlsplit(self.path)
            parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
            if "form" in (self.headers.get("Content-Type") or ""):
                parameters |= dict(parse_qsl(body.decode(), keep_blank_values=True))
            platform.requests.append(Request(self.command, parts.path, parameters, dict(self.headers), body))
            answer = platform.answer(parts.path)
            written = answer.written()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = answer_request  # noqa: N815, the names that http.server calls

        def log_message(self, *args: Any) -> None:
            """Say nothing: the tests look at `requests`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FixedClock:
    """Always the same instant, so that what is asserted does not depend on today."""

    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


@dataclass
class OpenMeter:
    """A budget without an end that remembers what was set aside and what was spent."""

    reserved: list[Cost] = field(default_factory=list)
    settled: list[Cost] = field(default_factory=list)

    def reserve(self, expected: Cost) -> None:
        self.reserved.append(expected)

    def settle(self, expected: Cost, actual: Cost) -> None:
        self.settled.append(actual)


@dataclass
class Bench:
    """The client on the test bench with everything it writes to."""

    client: ApiClient
    recorder: Recorder
    meter: OpenMeter
    waits: list[float]


def bench(
    rules: ApiRules,
    base_url: str,
    *,
    login: str | None = None,
    secret: str = SECRET,
    tokens: Any = None,
    extra: Mapping[str, Any] | None = None,
    now: datetime = NOW,
    **options: Any,
) -> Bench:
    """The real client, pointed at `base_url`; it notes its waits instead of sleeping."""
    recorder = Recorder("test-run", 1, Source.API, timedelta(days=30))
    meter = OpenMeter()
    waits: list[float] = []
    connection = PlatformConnection(
        rules.platform, base_url, login, secret, AuthorizationMode.PUBLIC, False, dict(extra or {})
    )
    client = ApiClient(rules, connection, FixedClock(now), recorder, meter, tokens=tokens, wait=waits.append, **options)
    return Bench(client, recorder, meter, waits)


def account(code: str, platform: str, platform_account_id: str | None = None, handle: str | None = None) -> Account:
    """A registry account; `code` is the center's, e.g. kartini."""
    return Account(f"{code}-{platform}", code, platform, platform_account_id, handle, None, "verified", None, None)


def _refuses_on_error(reply: Reply, _now: datetime) -> Refusal | None:
    error = reply.member("error")
    return Refusal(Outcome.CONSENT_REVOKED, f"said: {error}", for_all=True) if error else None


SOME_RULES = ApiRules(
    platform="some",
    api_version="v1",
    accounts_per_call=10,
    kept_members=frozenset({"items", "count", "error"}),
    refusal=_refuses_on_error,
    authorize=lambda connection, token: ({"key": connection.secret or ""}, {"Authorization": f"Bearer {token}"}),
    cost=lambda reply: Cost(calls=1, quota_units=1, usd=Decimal(len(reply.member("items") or ())) / 100),
)
