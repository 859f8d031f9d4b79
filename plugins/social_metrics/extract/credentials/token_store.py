"""Rotating tokens in `ops.credentials`: encrypted, one writer at a time, saved before they are used.

TikTok's refresh token works once: the new pair must be durable before the new access token makes a call,
and two processes must never refresh the same account together.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta

import psycopg
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from social_metrics.clock import Clock
from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract.extracted import CaptureFailure, TokenPair
from social_metrics.registry.account import Account
from social_metrics.warehouse.connect import open_connection

# A token that expires within this time is renewed first: it must outlast the calls of a batch.
RENEW_BEFORE = timedelta(minutes=10)

CREDENTIAL_LOCK = 0x50C1A3
"""First half of the advisory locks under which an account's tokens are changed."""


def cipher(keys: str | None) -> MultiFernet:
    """The cipher of SOCIAL_METRICS_CREDENTIALS_KEY; the first key encrypts, all of them decrypt.

    Raises:
        UsageProblem: the key is missing or not a Fernet key.
    """
    if not keys:
        raise UsageProblem(
            "SOCIAL_METRICS_CREDENTIALS_KEY is not set. Make one with "
            "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`."
        )
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
    except ValueError as error:
        raise UsageProblem("SOCIAL_METRICS_CREDENTIALS_KEY is not a Fernet key (32 bytes, url-safe base64).") from error


class AccountTokens:
    """Provides each account's access token, renewed before it expires.

    Args:
        url: the warehouse.
        keys: see `cipher`.
        clock: the capture's clock.
        refresh: requests a new pair from the platform (refresh token -> pair); a refusal is a CaptureFailure.
    """

    def __init__(
        self, url: str, keys: MultiFernet, clock: Clock, refresh: Callable[[str], TokenPair] | None = None
    ) -> None:
        self._url = url
        self._cipher = keys
        self._clock = clock
        self._refresh = refresh
        self._known: dict[str, str] = {}
        self._idle: list[psycopg.Connection] = []
        self._lock = threading.Lock()

    def renewed_by(self, refresh: Callable[[str], TokenPair]) -> "AccountTokens":
        """A copy with the same tokens and connections that renews by `refresh`: a batch records its own calls."""
        tokens = copy(self)
        tokens._refresh = refresh
        return tokens

    def close(self) -> None:
        """Close the connections that were used for renewals."""
        while self._idle:
            self._idle.pop().close()

    def access_token(self, account: Account) -> str:
        """A token valid for at least some minutes.

        Raises:
            CaptureFailure: the owner never authorised us, or the chain of tokens is broken.
        """
        with self._lock:
            if account.account_code in self._known:
                return self._known[account.account_code]
        return self._load_or_renew(account, None)

    def replace_token(self, refused: str, account: Account) -> str:
        """A new token for one that the platform refused before its expiry.

        A second caller gets the token that the first one renewed; a refresh token is never sent twice.

        Raises:
            CaptureFailure: the refresh token is refused as well, or cannot be sent now.
        """
        return self._load_or_renew(account, refused)

    def _load_or_renew(self, account: Account, refused: str | None) -> str:
        with self._connection() as connection, _one_writer(connection, account.account_code):
            token = self._current_or_renewed(connection, account, refused)
        with self._lock:
            self._known[account.account_code] = token
        return token

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """One connection for each thread that renews at the same time, kept for the next account."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = open_connection(self._url, "loader")
            connection.autocommit = True  # every step is durable before the next one
        try:
            yield connection
        finally:
            if not connection.broken:
                with self._lock:
                    self._idle.append(connection)

    def _current_or_renewed(self, connection: psycopg.Connection, account: Account, refused: str | None) -> str:
        """The stored token during the first half of its lifetime, unless it was refused; else a new one, saved first.

        A refresh token works once. The mark `refresh_started_at` is committed before it is sent to the platform, and
        cleared when the new pair is saved. A process that dies in between leaves the mark: when the old token is then
        refused, the mark shows that the chain was lost, and the message names the fix.
        """
        row = connection.execute(
            """
            select access_token, access_expires_at, refresh_token, updated_at, refresh_started_at
            from ops.credentials where account_code = %s
            """,
            (account.account_code,),
        ).fetchone()
        if row is None:
            raise CaptureFailure(
                Outcome.PERMISSION_MISSING,
                f"the owner of {account.account_code} has not authorised the application yet",
            )
        access_token, access_expires_at, refresh_token, updated_at, started_before = row
        now = self._clock.now()
        if access_token is not None and access_expires_at is not None:
            half_life = updated_at + (access_expires_at - updated_at) / 2
            if now < min(half_life, access_expires_at - RENEW_BEFORE):
                stored = self._decrypt(access_token, account)
                if stored != refused:
                    return stored
        if self._refresh is None:
            raise RuntimeError("no function to refresh tokens is set: see renewed_by")
        shown = self._decrypt(refresh_token, account)
        self._mark(connection, account, now)
        try:
            pair = self._refresh(shown)
        except CaptureFailure as failure:
            if failure.outcome is Outcome.TOKEN_EXPIRED and started_before is not None:
                self._mark(connection, account, started_before)
                raise CaptureFailure(
                    Outcome.TOKEN_EXPIRED,
                    f"a renewal started at {started_before:%Y-%m-%d %H:%M} UTC was never saved, so the stored token is "
                    f"used up ({failure.detail}). The owner has to log in again: "
                    f"social-metrics connect {account.platform} {account.account_code}",
                    response_id=failure.response_id,
                ) from failure
            if failure.response_id is not None:  # the platform responded: no renewal is in progress
                self._mark(connection, account, None)
            raise
        _save(connection, self._cipher, account, pair, now)
        return pair.access_token

    @staticmethod
    def _mark(connection: psycopg.Connection, account: Account, started_at: datetime | None) -> None:
        connection.execute(
            "update ops.credentials set refresh_started_at = %s where account_code = %s",
            (started_at, account.account_code),
        )

    def _decrypt(self, sealed: bytes, account: Account) -> str:
        try:
            return self._cipher.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise CaptureFailure(
                Outcome.TOKEN_EXPIRED,
                f"the stored token of {account.account_code} cannot be opened with SOCIAL_METRICS_CREDENTIALS_KEY",
            ) from error


@contextmanager
def _one_writer(connection: psycopg.Connection, account_code: str) -> Iterator[None]:
    """One process at a time renews an account; the lock goes with the connection, also by kill -9."""
    connection.execute("select pg_advisory_lock(%s, hashtext(%s))", (CREDENTIAL_LOCK, account_code))
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", (CREDENTIAL_LOCK, account_code))


def store_granted(
    connection: psycopg.Connection, keys: MultiFernet, account: Account, pair: TokenPair, now: datetime
) -> None:
    """Save the tokens that an owner has just granted; they replace an older chain."""
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (CREDENTIAL_LOCK, account.account_code))
    _save(connection, keys, account, pair, now)


def _save(connection: psycopg.Connection, keys: MultiFernet, account: Account, pair: TokenPair, now: datetime) -> None:
    """Replace the account's tokens; the caller holds its lock."""
    connection.execute(
        """
        insert into ops.credentials (account_code, platform, access_token, access_expires_at, refresh_token,
            refresh_expires_at, generation, updated_at)
        values (%s, %s, %s, %s, %s, %s, 1, %s)
        on conflict (account_code) do update set access_token = excluded.access_token,
            access_expires_at = excluded.access_expires_at, refresh_token = excluded.refresh_token,
            refresh_expires_at = excluded.refresh_expires_at, generation = ops.credentials.generation + 1,
            updated_at = excluded.updated_at, refresh_started_at = null
        """,
        (
            account.account_code,
            account.platform,
            keys.encrypt(pair.access_token.encode()),
            pair.access_expires_at,
            keys.encrypt(pair.refresh_token.encode()),
            pair.refresh_expires_at,
            now,
        ),
    )


def access_token_of(connection: psycopg.Connection, keys: MultiFernet, account: Account) -> str | None:
    """The stored access token, even an expired one; None without one, or when no key decrypts it."""
    row = connection.execute(
        "select access_token from ops.credentials where account_code = %s", (account.account_code,)
    ).fetchone()
    if row is None or row[0] is None:
        return None
    try:
        return keys.decrypt(bytes(row[0])).decode()
    except InvalidToken:
        return None


def forget_tokens(connection: psycopg.Connection, account_code: str) -> bool:
    """Delete an account's tokens after its owner's revocation; True when there were any."""
    connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (CREDENTIAL_LOCK, account_code))
    return connection.execute("delete from ops.credentials where account_code = %s", (account_code,)).rowcount == 1


def store_first_token(
    connection: psycopg.Connection, keys: MultiFernet, account_code: str, platform: str, refresh_token: str
) -> bool:
    """Save the refresh token with which an owner has just authorised us; an existing chain stays unchanged.

    Returns:
        True when it was new.
    """
    cursor = connection.execute(
        """
        insert into ops.credentials (account_code, platform, refresh_token) values (%s, %s, %s)
        on conflict (account_code) do nothing
        """,
        (account_code, platform, keys.encrypt(refresh_token.encode())),
    )
    return cursor.rowcount == 1
