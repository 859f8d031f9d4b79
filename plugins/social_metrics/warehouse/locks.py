"""Who may work on a whole: the marts (transform and month close apart), a platform's capture, the lake."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from social_metrics.warehouse.connect import Role, WarehouseProblem, open_connection

MARTS_LOCK = 0x50C1A1
"""Key of the advisory lock; whoever changes or closes the marts holds it. Locks belong to one database."""

CAPTURE_LOCK = 0x50C1A2
"""First half of the advisory locks under which a platform is captured; the second half is its name's hash."""

LAKE_LOCK = 0x50C1A3
"""Key of the advisory lock of whoever lands in the lake, alone, or reads it, with others."""

WAIT_SECONDS = 900

logger = logging.getLogger(__name__)


@contextmanager
def marts_lock(url: str, role: Role, wait_seconds: int = WAIT_SECONDS) -> Iterator[None]:
    """Hold the marts for as long as the block runs, on a connection of its own; lost with that connection.

    Args:
        url: postgresql://… of the service login.
        role: the group that the holder works as.
        wait_seconds: how long to wait for the present holder.

    Raises:
        WarehouseProblem: somebody else holds the marts for longer than that, or the warehouse cannot be used.
    """
    connection = open_connection(url, role)
    try:
        connection.autocommit = True  # no transaction stays open while the holder works
        row = connection.execute("select pg_try_advisory_lock(%s)", (MARTS_LOCK,)).fetchone()
        if row != (True,):
            logger.info("Another transform or a month close holds the marts; waiting for it")
            _wait(connection, wait_seconds)
        yield
    finally:
        connection.close()


@contextmanager
def lake_lock(url: str, *, with_others: bool = False) -> Iterator[None]:
    """Hold the lake on a connection of its own, so that the snapshot of the rows is taken after the wait.

    Args:
        url: postgresql://… of the service login.
        with_others: nobody lands meanwhile, but others may hold it so, too; without it nobody else holds it.

    Raises:
        WarehouseProblem: the warehouse cannot be used.
    """
    connection = open_connection(url, "transformer")
    try:
        connection.autocommit = True
        if with_others:
            connection.execute("select pg_advisory_lock_shared(%s)", (LAKE_LOCK,))
        else:
            connection.execute("select pg_advisory_lock(%s)", (LAKE_LOCK,))
        yield
    finally:
        connection.close()


def lock_platform(connection: psycopg.Connection, platform: str, wait_seconds: int = WAIT_SECONDS) -> None:
    """Hold a platform until this connection closes: two runs neither read twice nor pass a budget together.

    The holder writes through the same connection: when the server takes the hold away, nothing more is written.

    Raises:
        WarehouseProblem: somebody else captures this platform for longer than `wait_seconds`.
    """
    connection.execute("select set_config('lock_timeout', %s, true)", (f"{wait_seconds}s",))
    try:
        connection.execute("select pg_advisory_lock(%s, hashtext(%s))", (CAPTURE_LOCK, platform))
    except psycopg.errors.LockNotAvailable as error:
        raise WarehouseProblem(
            f"Another capture of {platform} has been at work for more than {wait_seconds} seconds. Look into "
            "pg_locks (locktype advisory) for who it is; the next sweep reads what is still missing."
        ) from error
    connection.commit()  # a lock of the session: it stays


def _wait(connection: psycopg.Connection, seconds: int) -> None:
    connection.execute("select set_config('lock_timeout', %s, false)", (f"{seconds}s",))
    try:
        connection.execute("select pg_advisory_lock(%s)", (MARTS_LOCK,))
    except psycopg.errors.LockNotAvailable as error:
        raise WarehouseProblem(
            f"Another transform or a month close has held the marts for more than {seconds} seconds. "
            "Look into pg_locks (locktype advisory) for who it is, and start again when that has ended."
        ) from error
