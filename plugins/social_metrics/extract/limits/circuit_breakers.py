"""Circuit breakers in `ops.circuit_breakers`: they stop calls that would fail anyway.

One breaker per platform (credential '') opens after repeated calls without a response; one per credential opens when
the platform refuses the credential or names a time to wait. All workers share them. A breaker closes when its time is
over, when a call gets a response, and when the credential is replaced.
"""

import threading
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

from social_metrics.clock import WIB, Clock
from social_metrics.contract import Outcome
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.warehouse.connect import connect

FAILURES_TO_OPEN = 5
"""Calls in a row without a response, each with all its tries."""

PLATFORM_PAUSE = timedelta(minutes=15)
"""How long a platform without responses is not called, unless it named a time itself."""

OF_THE_CREDENTIAL = frozenset({Outcome.TOKEN_EXPIRED, Outcome.CONSENT_REVOKED, Outcome.PERMISSION_MISSING})
OF_ITS_LIMITS = frozenset({Outcome.RATE_LIMITED, Outcome.QUOTA_EXHAUSTED})


@dataclass(frozen=True, slots=True)
class Breaker:
    """One open breaker; `credential` is '' for the platform as a whole."""

    platform: str
    credential: str
    fingerprint: str
    outcome: str
    detail: str
    opened_at: datetime
    open_until: datetime


class CircuitBreakers:
    """The breakers of one capture: checked before each call, updated after it; thread-safe.

    Args:
        warehouse: as the loader, to read open breakers; the caller commits.
        url: the warehouse's address, for the threads of the calls.
        connection: whose platform and credential they guard.
        clock: the capture's clock.
        next_chance: UTC instant at which a refused credential is retried, unless it is renewed before.
        probing: ignore open breakers: a person started the run, or it is the day's last attempt.
    """

    def __init__(
        self,
        warehouse: psycopg.Connection,
        url: str,
        connection: PlatformConnection,
        clock: Clock,
        next_chance: datetime,
        *,
        probing: bool,
    ) -> None:
        self._url = url
        self._platform = connection.platform
        self._credential = connection.credential_name
        self._fingerprint = connection.fingerprint
        self._clock = clock
        self._next_chance = next_chance
        self._lock = threading.Lock()
        self._failures = 0
        self._answered = False
        known = open_breakers(warehouse, self._platform)
        if any(self._is_of_an_older_credential(breaker) for breaker in known):
            self._close(warehouse, self._credential)
        known = [breaker for breaker in known if breaker.credential == "" or self._is_mine(breaker)]
        self._stored = bool(known)
        now = clock.now()
        self._open = None if probing else next((breaker for breaker in known if breaker.open_until > now), None)
        if any(breaker.credential == "" for breaker in known):
            self._failures = FAILURES_TO_OPEN - 1  # half open: one more failure is enough

    def admit(self) -> None:
        """Let a call pass.

        Raises:
            CaptureFailure: a breaker is open; with the outcome that opened it, for all accounts.
        """
        with self._lock:
            breaker = self._open
            if breaker is not None and breaker.open_until <= self._clock.now():  # its time ended during a long capture
                breaker = self._open = None
                self._failures = FAILURES_TO_OPEN - 1
        if breaker is None:
            return
        raise CaptureFailure(
            Outcome(breaker.outcome),
            f"not requested: the circuit breaker is open until {_wib(breaker.open_until)}: {breaker.detail}",
            retry_at=breaker.open_until,
            for_all=True,
        )

    def record(self, failure: CaptureFailure | None) -> None:
        """Open a breaker after a failure, or close open ones after a response."""
        with self._lock:
            if failure is not None and failure.outcome is Outcome.PLATFORM_UNAVAILABLE:
                self._failures += 1
                if self._failures >= FAILURES_TO_OPEN and self._open is None:
                    self._store("", failure, self._clock.now() + PLATFORM_PAUSE)
                return
            self._failures = 0
            if failure is not None and failure.for_all and self._open is None:
                if failure.outcome in OF_THE_CREDENTIAL:
                    self._store(self._credential, failure, self._next_chance)
                elif failure.outcome in OF_ITS_LIMITS:
                    self._store(self._credential, failure, self._clock.now() + PLATFORM_PAUSE)
            elif failure is None and not self._answered:
                self._answered = True
                if self._stored:
                    with connect(self._url, "loader") as warehouse:
                        self._close(warehouse, "", self._credential)

    def _is_mine(self, breaker: Breaker) -> bool:
        return breaker.credential == self._credential and breaker.fingerprint == self._fingerprint

    def _is_of_an_older_credential(self, breaker: Breaker) -> bool:
        return breaker.credential == self._credential and breaker.fingerprint != self._fingerprint

    def _store(self, credential: str, failure: CaptureFailure, otherwise: datetime) -> None:
        now = self._clock.now()
        until = max(failure.retry_at, otherwise) if failure.retry_at and credential == "" else failure.retry_at
        fingerprint = self._fingerprint if credential else ""
        self._open = Breaker(
            self._platform, credential, fingerprint, failure.outcome.value, failure.detail, now, until or otherwise
        )
        self._stored = True
        with connect(self._url, "loader") as warehouse:
            warehouse.execute(
                """
                insert into ops.circuit_breakers
                    (platform, credential, fingerprint, outcome, detail, opened_at, open_until)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (platform, credential) do update set fingerprint = excluded.fingerprint,
                    outcome = excluded.outcome, detail = excluded.detail, opened_at = excluded.opened_at,
                    open_until = excluded.open_until, closed_at = null
                """,
                astuple(self._open),
            )

    def _close(self, warehouse: psycopg.Connection, *credentials: str) -> None:
        warehouse.execute(
            """
            update ops.circuit_breakers set closed_at = %s
            where platform = %s and credential = any(%s) and closed_at is null
            """,
            (self._clock.now(), self._platform, list(credentials)),
        )


def open_breakers(connection: psycopg.Connection, platform: str | None = None) -> list[Breaker]:
    """The breakers that are not closed, open or half open; of one platform or of all."""
    with connection.cursor(row_factory=class_row(Breaker)) as cursor:
        return cursor.execute(
            """
            select platform, credential, fingerprint, outcome, detail, opened_at, open_until
            from ops.circuit_breakers where closed_at is null and (%s::text is null or platform = %s)
            order by platform, credential
            """,
            (platform, platform),
        ).fetchall()


def _wib(instant: datetime) -> str:
    return f"{instant.astimezone(WIB):%d %b %H:%M} WIB"
