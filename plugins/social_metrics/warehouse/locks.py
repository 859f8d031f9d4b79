"""Advisory locks: of the marts (transform or month close), of a platform's capture, of the lake.

Other modules lock what only they change, each under a key of its own: migrations (`warehouse/migrate.py`) and new
partitions (`ops.ensure_month_partitions`), an account's tokens (`extract/credentials/token_store.py`), manual entries
(`intake/store.py`), seals (`audit/seals.py`), deliveries (`audit/deliveries.py`), retention (`retention/enforce.py`)
and alerts (`monitoring/alert_log.py`). Keys of one number and of two never collide in PostgreSQL.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from social_metrics.warehouse.connect import Role, WarehouseProblem, open_connection

MARTS_LOCK = 0x50C1A1
"""Key of the lock under which the marts are changed or closed. Locks belong to one database."""

CAPTURE_LOCK = 0x50C1A2
"""First half of the key under which a platform is captured; the second half is its name's hash."""

LAKE_LOCK = 0x50C1A3
"""Key of the lock of the lake: exclusive for an export, shared for readers."""

WAIT_SECONDS = 900

logger = logging.getLogger(__name__)


@contextmanager
def marts_lock(url: str, role: Role, wait_seconds: int = WAIT_SECONDS) -> Iterator[None]:
    """Lock the marts while the block runs, on a separate connection; the lock ends with that connection.

    Raises:
        WarehouseProblem: another process keeps the lock for longer, or the warehouse cannot be used.
    """
    with closing(open_connection(url, role)) as connection:
        connection.autocommit = True  # no transaction stays open while the block runs
        row = connection.execute("select pg_try_advisory_lock(%s)", (MARTS_LOCK,)).fetchone()
        if row != (True,):
            other = "Another transform or a month close has locked the marts"
            logger.info("%s; waiting for it", other)
            with _waiting(connection, wait_seconds, other, "start again when it has ended"):
                connection.execute("select pg_advisory_lock(%s)", (MARTS_LOCK,))
        yield


@contextmanager
def lake_lock(url: str, *, with_others: bool = False) -> Iterator[None]:
    """Lock the lake on a separate connection, so that the snapshot of the rows is taken after the wait.

    Args:
        url: postgresql://… of the service login.
        with_others: a shared lock, which excludes exports only; without it the lock is exclusive.

    Raises:
        WarehouseProblem: the warehouse cannot be used.
    """
    with closing(open_connection(url, "transformer")) as connection:
        connection.autocommit = True
        if with_others:
            connection.execute("select pg_advisory_lock_shared(%s)", (LAKE_LOCK,))
        else:
            connection.execute("select pg_advisory_lock(%s)", (LAKE_LOCK,))
        yield


def lock_platform(connection: psycopg.Connection, platform: str, wait_seconds: int = WAIT_SECONDS) -> None:
    """Lock a platform until this connection closes: two runs neither read twice nor exceed a budget together.

    The run writes through the same connection: when the lock is lost, nothing more is written.

    Raises:
        WarehouseProblem: another run captures this platform for longer than `wait_seconds`.
    """
    other = f"Another capture of {platform} has been running"
    next_step = "the next retry run reads what is still missing"
    with _waiting(connection, wait_seconds, other, next_step):
        connection.execute("select pg_advisory_lock(%s, hashtext(%s))", (CAPTURE_LOCK, platform))
    connection.commit()  # a lock of the session: it stays


@contextmanager
def _waiting(connection: psycopg.Connection, seconds: int, other: str, next_step: str) -> Iterator[None]:
    is_local = not connection.autocommit
    connection.execute("select set_config('lock_timeout', %s, %s)", (f"{seconds}s", is_local))
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise WarehouseProblem(
            f"{other} for more than {seconds} seconds. pg_locks (locktype advisory) shows its process; {next_step}."
        ) from error
