"""Calls of the platforms' APIs: timeouts, capped retries, Retry-After, budgets, evidence of every response."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from urllib3.exceptions import HTTPError

from social_metrics.clock import Clock
from social_metrics.contract import ApiResponse, Outcome, ResponseBody, Source, Spend
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.token_store import AccountTokens
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.connection_pool import EndlessReplyError, HttpPool, HttpResponse, may_have_been_served
from social_metrics.extract.http.redaction import Redactor, clean_text, parse_json, sha256
from social_metrics.extract.http.replies import MINIMUM_BACK_OFF, Cost, Refusal, Reply, foreign_refusal
from social_metrics.extract.limits.budget import Budgets
from social_metrics.extract.limits.circuit_breakers import CircuitBreakers
from social_metrics.registry.account import Account

TRANSIENT_CONNECTION_DETAIL = "no response from the platform"


@dataclass(frozen=True)
class ApiRules:
    """The rules of a platform's API, declared by its file."""

    platform: str
    api_version: str  # the default; the connection's extra `api_version` overrides it
    accounts_per_call: int  # of a call for profiles, at most
    kept_members: frozenset[str]  # JSON members kept as evidence; others are stripped before writing
    refusal: Callable[[Reply, datetime], Refusal | None]  # reads a JSON reply; the instant is that of its receipt, UTC
    # Adds the credential to a call: (connection, token) -> (query parameters, headers).
    authorize: Callable[[PlatformConnection, str | None], tuple[dict[str, str], dict[str, str]]]
    cost: Callable[[Reply], Cost] = lambda _reply: Cost()


@dataclass
class Recorder:
    """Collects the evidence of a batch's calls; safe to use from several threads."""

    run_id: str
    try_number: int
    source: Source
    body_lifetime: timedelta | None
    responses: list[ApiResponse] = field(default_factory=list)
    bodies: list[ResponseBody] = field(default_factory=list)
    spends: list[Spend] = field(default_factory=list)
    spend_at_once: Callable[[Spend], None] | None = None  # for money: written immediately, before any later failure


@dataclass(frozen=True, slots=True)
class _Request:
    """A request without its credential; see `ApiClient.call`."""

    method: str
    endpoint: str
    path: str
    params: Mapping[str, Any]
    form: Mapping[str, Any]
    json_body: Any
    expected: Cost

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters for the evidence, before secrets are removed."""
        body = self.json_body if isinstance(self.json_body, dict) else {}
        return {"path": self.path, **self.params, **self.form, **body}


class ApiClient:
    """Calls one platform's API with one credential."""

    def __init__(
        self,
        rules: ApiRules,
        connection: PlatformConnection,
        clock: Clock,
        recorder: Recorder,
        meter: Budgets,
        *,
        tokens: AccountTokens | None = None,
        gate: CircuitBreakers | None = None,
        http: HttpPool | None = None,
        timeout_seconds: float = 30.0,
        attempts: int = 3,
        max_wait_seconds: float = 60.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rules = rules
        self.connection = connection
        self.clock = clock
        self.tokens = tokens
        self.withdrawn: set[str] = set()  # fields that the platform no longer offers
        self._gate = gate
        self.api_version = str(connection.extra.get("api_version", rules.api_version))
        self._recorder = recorder
        self._meter = meter
        self._timeout = timeout_seconds
        self._attempts = attempts
        self._max_wait = max_wait_seconds
        self._wait = wait
        self._http = http or HttpPool(connection.base_url)

    def get(self, endpoint: str, path: str, params: Mapping[str, Any], **options: Any) -> Reply:
        """`call` with GET."""
        return self.call("GET", endpoint, path, params=params, **options)

    def call(
        self,
        method: str,
        endpoint: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        json_body: Any = None,
        account: Account | None = None,
        expected: Cost | None = None,
        authorized: bool = True,
    ) -> Reply:
        """Make one call, repeated where another try can help.

        Args:
            method: GET or POST.
            endpoint: short name for the evidence and the ledger, e.g. `channels`.
            path: path below the connection's base address.
            params: query parameters, without the credential.
            form: form fields of a POST.
            json_body: JSON body of a POST.
            account: the account whose own token to use, for platforms that have one per account.
            expected: the most that the call may cost; the budget must cover it.
            authorized: False for the token endpoint, which carries its credential in the form.

        Raises:
            CaptureFailure: the platform refused, did not respond, or sent an unusable response.
        """
        if self._gate:
            self._gate.admit()
        request = _Request(method, endpoint, path, params or {}, form or {}, json_body, expected or Cost())
        if not authorized:
            return self._tries(request, {}, {}, None)
        token = self.tokens.access_token(account) if self.tokens and account else None
        try:
            return self._tries(request, *self.rules.authorize(self.connection, token), token)
        except CaptureFailure as refused:
            if not (self.tokens and account and token) or refused.outcome is not Outcome.TOKEN_EXPIRED:
                raise
        # A platform that refuses the access token may still accept the refresh token.
        token = self.tokens.replace_token(token, account)
        try:
            return self._tries(request, *self.rules.authorize(self.connection, token), token)
        except CaptureFailure as refused:
            if refused.outcome is Outcome.TOKEN_EXPIRED:
                refused.detail += "; so was the token that replaced it"
            raise

    def _tries(
        self, request: _Request, auth_params: dict[str, str], auth_headers: dict[str, str], token: str | None
    ) -> Reply:
        """One call with one credential, repeated where another try can help."""
        redactor = Redactor([self.connection.secret, self.connection.app_secret, token, *_secrets_of(request.form)])
        failure = CaptureFailure(Outcome.NOT_ATTEMPTED, "no try was made")
        for attempt in range(1, self._attempts + 1):
            self._meter.reserve(request.expected)
            started = time.perf_counter()
            try:
                response = self._http.call(
                    request.method,
                    request.path,
                    {**request.params, **auth_params},
                    auth_headers,
                    request.form,
                    request.json_body,
                    self._timeout,
                )
            except HTTPError as error:
                # Without a response the charge is unknown: assume the most that the call can cost.
                cost = request.expected if may_have_been_served(error) else Cost()
                self._meter.settle(request.expected, cost)
                self._record_spend(uuid4(), request.endpoint, self.clock.now(), cost)
                failure = _connection_failure(error)
                pause = None if isinstance(error, EndlessReplyError) else _backoff(attempt)
            except ValueError:  # its text would show the credential
                self._meter.settle(request.expected, Cost(calls=0))  # nothing was sent
                raise CaptureFailure(
                    Outcome.TOKEN_EXPIRED,
                    "the credential has characters that are not allowed in an HTTP header; correct the connection",
                    for_all=token is None,
                ) from None
            else:
                reply = self._record(request, response, attempt, time.perf_counter() - started, redactor)
                cost = self.rules.cost(reply)
                self._meter.settle(request.expected, cost)
                self._record_spend(reply.response_id, request.endpoint, reply.received_at, cost)
                refusal = self._refusal(reply)
                if refusal is None:
                    if self._gate:
                        self._gate.record(None)
                    return reply
                failure = self._failure(refusal, reply, redactor, own_token=token is not None)
                pause = self._pause(refusal, attempt)
            if pause is None or attempt == self._attempts:
                break
            self._wait(pause)
        if self._gate:
            self._gate.record(failure)
        raise failure

    def _record(
        self,
        request: _Request,
        response: HttpResponse,
        attempt: int,
        seconds: float,
        redactor: Redactor,
    ) -> Reply:
        received, received_at = response.body, self.clock.now()
        try:
            parsed = parse_json(received)
        except ValueError:
            parsed = None
        kept = redactor.keep(received, parsed, self.rules.kept_members)
        response_id = uuid4()
        lifetime = self._recorder.body_lifetime
        expires_at = received_at + lifetime if lifetime else None
        self._recorder.responses.append(
            ApiResponse(
                response_id=response_id,
                platform=self.rules.platform,
                endpoint=request.endpoint,
                api_version=self.api_version,
                method=request.method,
                parameters=redactor.parameters(request.parameters),
                http_status=response.status,
                received_at=received_at,
                duration_ms=round(seconds * 1000),
                received_sha256=sha256(received),
                received_bytes=len(received),
                kept_sha256=sha256(kept.body),
                stripped=kept.stripped,
                attempt=attempt,
                source=self._recorder.source,
                run_id=self._recorder.run_id,
                try_number=self._recorder.try_number,
                expires_at=expires_at,
            )
        )
        self._recorder.bodies.append(ResponseBody(response_id, received_at, kept.body, expires_at))
        return Reply(request.endpoint, response.status, response.headers, parsed, response_id, received_at)

    def _record_spend(self, response_id: UUID, endpoint: str, spent_at: datetime, cost: Cost) -> None:
        write = self._recorder.spend_at_once or self._recorder.spends.append
        write(
            Spend(
                response_id=response_id,
                platform=self.rules.platform,
                credential=self.connection.credential_name,
                endpoint=endpoint,
                spent_at=spent_at,
                calls=cost.calls,
                quota_units=cost.quota_units,
                usd=cost.usd,
                run_id=self._recorder.run_id,
            )
        )

    def _refusal(self, reply: Reply) -> Refusal | None:
        refusal = self._platform_refusal(reply)
        if refusal is not None and refusal.outcome is Outcome.RATE_LIMITED and not refusal.retry_after:
            return replace(refusal, retry_after=MINIMUM_BACK_OFF)  # a retry at once would prolong the limit
        return refusal

    def _platform_refusal(self, reply: Reply) -> Refusal | None:
        if reply.body is not None and not isinstance(reply.body, (str, int, float, bool)):
            refusal = self.rules.refusal(reply, reply.received_at)
            if refusal is not None:
                return refusal
            if reply.status < 300:
                return None
        return foreign_refusal(reply, reply.received_at)

    def _failure(self, refusal: Refusal, reply: Reply, redactor: Redactor, *, own_token: bool) -> CaptureFailure:
        return CaptureFailure(
            refusal.outcome,
            redactor.text(clean_text(refusal.detail))[:500],
            retry_at=reply.received_at + refusal.retry_after if refusal.retry_after else None,
            response_id=reply.response_id,
            # A refused token of one account says nothing about the tokens of the others.
            for_all=refusal.for_all and not (own_token and refusal.outcome is Outcome.TOKEN_EXPIRED),
            withdrawn_field=refusal.withdrawn_field,
        )

    def _pause(self, refusal: Refusal, attempt: int) -> float | None:
        """Seconds to wait before the next try, or None when another try is pointless."""
        if not refusal.transient:
            return None
        if refusal.retry_after is None:
            return _backoff(attempt)
        seconds = refusal.retry_after.total_seconds()
        return seconds if seconds <= self._max_wait else None


def _connection_failure(error: HTTPError) -> CaptureFailure:
    """A call without a usable response: none came, or one that exceeds the limits (the same again at the next try)."""
    if isinstance(error, EndlessReplyError):
        return CaptureFailure(Outcome.INVALID_RESPONSE, str(error))
    return CaptureFailure(Outcome.PLATFORM_UNAVAILABLE, f"{TRANSIENT_CONNECTION_DETAIL} ({type(error).__name__})")


def _backoff(attempt: int) -> float:
    return float(0.5 * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))  # noqa: S311  jitter, no cryptography


def _secrets_of(form: Mapping[str, Any]) -> Sequence[str]:
    return [str(value) for name, value in form.items() if name in ("client_secret", "refresh_token", "code", "token")]
