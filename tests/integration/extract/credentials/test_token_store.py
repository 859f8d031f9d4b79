"""Rotating tokens: one writer, saved before used, sealed, and kept through every rollback."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet, MultiFernet

from social_metrics.contract import Outcome
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.token_store import AccountTokens, cipher, store_first_token, store_granted
from social_metrics.extract.extracted import CaptureFailure, TokenPair
from social_metrics.registry.account import Account
from social_metrics.warehouse.connect import connect

NOW = datetime(2026, 1, 1, 13, 0, tzinfo=UTC)
ACCOUNT = Account("kartini-tiktok", "kartini", "tiktok", "open-id-1", "demo_kartini", None, "verified", None, None)


class FixedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class SetClock:
    instant: datetime

    def now(self) -> datetime:
        return self.instant


class SingleUse:
    """The platform's side: a refresh token works once."""

    def __init__(self) -> None:
        self.current = "refresh-token-0"
        self.used = 0
        self.broken_chain = Outcome.CONSENT_REVOKED
        self._lock = threading.Lock()

    def refresh(self, refresh_token: str) -> TokenPair:
        with self._lock:
            if refresh_token != self.current:
                raise CaptureFailure(self.broken_chain, "invalid_grant")
            self.used += 1
            self.current = f"refresh-token-{self.used}"
            return TokenPair(
                f"access-token-{self.used}", NOW + timedelta(hours=2), self.current, NOW + timedelta(days=180)
            )


@pytest.fixture
def keys() -> MultiFernet:
    return cipher(Fernet.generate_key().decode())


@pytest.fixture
def url(warehouse_url: str, keys: MultiFernet) -> str:
    with connect(warehouse_url, "loader") as connection:
        assert store_first_token(connection, keys, ACCOUNT.account_code, "tiktok", "refresh-token-0")
        assert not store_first_token(connection, keys, ACCOUNT.account_code, "tiktok", "another")
    return warehouse_url


def test_ten_processes_refresh_an_account_once(url: str, keys: MultiFernet) -> None:
    platform = SingleUse()
    stores = [AccountTokens(url, keys, FixedClock(), platform.refresh) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        tokens = list(pool.map(lambda store: store.access_token(ACCOUNT), stores))
    for store in stores:
        store.close()
    assert set(tokens) == {"access-token-1"}
    assert platform.used == 1


def test_the_new_pair_is_durable_before_the_access_token_is_given_out(url: str, keys: MultiFernet) -> None:
    platform = SingleUse()
    first = AccountTokens(url, keys, FixedClock(), platform.refresh)
    first.access_token(ACCOUNT)
    # Another connection, as a process started after a kill -9 would have it.
    with psycopg.connect(url) as connection:
        row = connection.execute("select access_token, refresh_token, generation from ops.credentials").fetchone()
    assert row is not None
    assert [keys.decrypt(bytes(sealed)).decode() for sealed in row[:2]] == ["access-token-1", "refresh-token-1"]
    assert row[2] == 1
    first.close()


def test_a_refused_refresh_leaves_the_chain_as_it_was(url: str, keys: MultiFernet) -> None:
    def refuse(_: str) -> TokenPair:
        raise CaptureFailure(Outcome.PLATFORM_UNAVAILABLE, "HTTP 503")

    store = AccountTokens(url, keys, FixedClock(), refuse)
    with pytest.raises(CaptureFailure):
        store.access_token(ACCOUNT)
    store.close()
    assert AccountTokens(url, keys, FixedClock(), SingleUse().refresh).access_token(ACCOUNT) == "access-token-1"


def test_another_key_cannot_open_the_tokens_and_says_so(url: str) -> None:
    other = cipher(Fernet.generate_key().decode())
    with pytest.raises(CaptureFailure, match="cannot be opened with SOCIAL_METRICS_CREDENTIALS_KEY"):
        AccountTokens(url, other, FixedClock(), SingleUse().refresh).access_token(ACCOUNT)


def test_a_changed_key_still_opens_what_the_old_one_sealed(url: str, keys: MultiFernet) -> None:
    old = Fernet.generate_key().decode()
    with psycopg.connect(url) as connection:
        connection.execute("delete from ops.credentials")
    with connect(url, "loader") as connection:
        store_first_token(connection, cipher(old), ACCOUNT.account_code, "tiktok", "refresh-token-0")
    both = cipher(f"{Fernet.generate_key().decode()},{old}")
    assert AccountTokens(url, both, FixedClock(), SingleUse().refresh).access_token(ACCOUNT) == "access-token-1"


@pytest.mark.parametrize(("key", "expected"), [(None, "is not set"), ("abc", "is not a Fernet key")])
def test_a_missing_or_broken_key_is_said_in_words(key: str | None, expected: str) -> None:
    with pytest.raises(UsageProblem, match=expected):
        cipher(key)


def test_a_token_is_renewed_when_half_of_its_life_is_over(url: str, keys: MultiFernet) -> None:
    platform = SingleUse()
    clock = SetClock(NOW)
    for minutes, generation in [(0, 1), (59, 1), (61, 2)]:
        clock.instant = NOW + timedelta(minutes=minutes)
        store = AccountTokens(url, keys, clock, platform.refresh)
        assert store.access_token(ACCOUNT) == f"access-token-{generation}"
        store.close()


REFRESHES_AND_WAITS = """
import sys
from datetime import UTC, datetime
from social_metrics.extract.credentials.token_store import AccountTokens, cipher
from tests.support.local_platform import FixedClock, account

def refresh(token):
    print("refreshed", flush=True)  # the platform has used the token up; its reply is on the way
    sys.stdin.read()

clock = FixedClock(datetime(2026, 1, 1, 13, 0, tzinfo=UTC))
AccountTokens(sys.argv[1], cipher(sys.argv[2]), clock, refresh).access_token(account("kartini", "tiktok", "open-id-1"))
"""


def test_a_kill_between_refresh_and_save_is_detected_and_fixed_by_the_owners_login(
    warehouse_url: str, repository: Path
) -> None:
    key = Fernet.generate_key().decode()
    with connect(warehouse_url, "loader") as connection:
        store_first_token(connection, cipher(key), ACCOUNT.account_code, "tiktok", "refresh-token-0")
    process = subprocess.Popen(
        [sys.executable, "-c", REFRESHES_AND_WAITS, warehouse_url, key],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "refreshed\n"
    process.kill()
    process.wait()

    platform = SingleUse()
    platform.current = "refresh-token-1"  # what the killed process took with it
    platform.broken_chain = Outcome.TOKEN_EXPIRED
    for _ in range(2):  # it is known today and tomorrow
        store = AccountTokens(warehouse_url, cipher(key), FixedClock(), platform.refresh)
        with pytest.raises(CaptureFailure, match=r"was never saved.*social-metrics connect tiktok kartini-tiktok"):
            store.access_token(ACCOUNT)
        store.close()

    granted = TokenPair("access-token-9", NOW + timedelta(hours=2), "refresh-token-9", NOW + timedelta(days=180))
    with connect(warehouse_url, "loader") as connection:
        store_granted(connection, cipher(key), ACCOUNT, granted, NOW)
    store = AccountTokens(warehouse_url, cipher(key), FixedClock(), platform.refresh)
    assert store.access_token(ACCOUNT) == "access-token-9"
    store.close()


def test_a_kill_before_the_platform_was_asked_loses_nothing(url: str, keys: MultiFernet) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("update ops.credentials set refresh_started_at = %s", (NOW,))
    store = AccountTokens(url, keys, FixedClock(), SingleUse().refresh)
    assert store.access_token(ACCOUNT) == "access-token-1", "the old token is still good, so it is simply used"
    store.close()
