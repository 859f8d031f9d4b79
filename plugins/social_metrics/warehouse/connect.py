"""One way into the warehouse: a role picked by name, and errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from social_metrics.settings import UsageProblem

Role = Literal["loader", "transformer", "bi_reader", "auditor", "closer", "retention"]

SERVER_VERSION_NEEDED = 150000


class WarehouseProblem(UsageProblem):
    """The warehouse cannot be used as it stands; the text says why and what to do."""


def open_connection(url: str, role: Role) -> psycopg.Connection:
    """A connection that works as `social_metrics_<role>`; the caller commits and closes it.

    Args:
        url: postgresql://… of the service login.
        role: the group whose rights the work needs.

    Raises:
        WarehouseProblem: the server does not answer, refuses the login, or was never migrated.
    """
    try:
        connection = psycopg.connect(url, connect_timeout=10, options="-c timezone=UTC -c jit=off")
    except psycopg.OperationalError as error:
        raise WarehouseProblem(_connection_fault(url, error)) from error
    try:
        if connection.info.server_version < SERVER_VERSION_NEEDED:
            raise WarehouseProblem("The warehouse needs PostgreSQL 15 or newer.")
        try:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(f"social_metrics_{role}")))
        except (psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedObject) as error:
            raise WarehouseProblem(
                "The warehouse has no social_metrics roles yet. Run `social-metrics migrate` first."
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise WarehouseProblem(
                f"The login may not work as social_metrics_{role}. Run `social-metrics migrate` with this login, "
                "or grant it the role."
            ) from error
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def connect(url: str, role: Role) -> Iterator[psycopg.Connection]:
    """`open_connection`, committed at the end, rolled back on an error, closed either way."""
    with open_connection(url, role) as connection:
        yield connection


def _connection_fault(url: str, error: psycopg.OperationalError) -> str:
    parts = urlsplit(url)
    place = f"The warehouse at {parts.hostname}:{parts.port or 5432}{parts.path}"
    mend = "orrect AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE."
    said = str(error)
    if "password authentication failed" in said or "no password supplied" in said:
        return f"{place} refuses the password of {parts.username}. C{mend}"
    if "database" in said and "does not exist" in said:
        return f"{place} has no such database. Create it, or c{mend}"
    if "role" in said and "does not exist" in said:
        return f"{place} knows no login {parts.username}. C{mend}"
    return f"{place} does not answer. Start it (make up), or c{mend}"
