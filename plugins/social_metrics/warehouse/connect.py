"""Connections to the warehouse under a named role, with errors that name the next step."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import psycopg
from psycopg import sql

from social_metrics.errors import UsageProblem

WAREHOUSE_CONN_ID = "social_metrics_warehouse"
METADATA_CONN_ID = "social_metrics_airflow"
"""Airflow's own database, which the DAG `maintain` cleans; a task has no other access to it."""


Role = Literal["loader", "transformer", "bi_reader", "auditor", "closer", "recorder", "retention"]

SERVER_VERSION_NEEDED = 150000

LOCK_SECONDS = 900
"""No statement waits longer for a lock: its holder stops the others for that long, and is named."""

SESSION = "-c timezone=UTC -c jit=off -c search_path=pg_catalog"
"""Settings of every connection. A setting of the database or login must put no function in place of PostgreSQL's."""

_LOCKED_BY = """
select string_agg(distinct format('%s (process %s)', usename, pid), ', ')
from pg_locks join pg_stat_activity using (pid)
where locktype in ('advisory', 'relation') and granted and pid <> pg_backend_pid() and datname = current_database()
    and (locktype = 'advisory' or mode in ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))
"""


class WarehouseProblem(UsageProblem):
    """The warehouse cannot be used; the text names the reason and the next step."""


def open_connection(url: str, role: Role | None = None) -> psycopg.Connection:
    """A connection that works as `social_metrics_<role>`; the caller commits and closes it.

    Args:
        url: postgresql://… of the service login.
        role: the group whose rights the work needs; without one those of the login itself.

    Raises:
        WarehouseProblem: the server does not respond, refuses the login, or was never migrated.
    """
    try:
        connection = psycopg.connect(url, connect_timeout=10, options=f"{SESSION} -c lock_timeout={LOCK_SECONDS}s")
    except psycopg.OperationalError as error:
        raise WarehouseProblem(_connection_fault(url, error)) from error
    try:
        if connection.info.server_version < SERVER_VERSION_NEEDED:
            raise WarehouseProblem("The warehouse needs PostgreSQL 15 or newer. Upgrade the server.")
        try:
            if role:
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
    """`open_connection`, committed at the end, rolled back on an error, closed either way.

    Raises:
        WarehouseProblem: as `open_connection`; or another session has held a lock for LOCK_SECONDS.
    """
    try:
        with open_connection(url, role) as connection:
            yield connection
    except psycopg.errors.LockNotAvailable as error:
        with psycopg.connect(url, connect_timeout=10) as another:
            (holders,) = another.execute(_LOCKED_BY).fetchone() or (None,)
        raise WarehouseProblem(
            f"Another session has held a lock for more than {LOCK_SECONDS} seconds: {holders or 'it has ended now'}. "
            "End it (select pg_terminate_backend of its process), or wait, and start again."
        ) from error


def _connection_fault(url: str, error: psycopg.OperationalError) -> str:
    parts = urlsplit(url)
    place = f"The warehouse at {parts.hostname}:{parts.port or 5432}{parts.path}"
    next_step = "orrect AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE."
    message = str(error)
    if "password authentication failed" in message or "no password supplied" in message:
        return f"{place} refuses the password of {parts.username}. C{next_step}"
    if "database" in message and "does not exist" in message:
        return f"{place} has no such database. Create it, or c{next_step}"
    if "role" in message and "does not exist" in message:
        return f"{place} has no login {parts.username}. C{next_step}"
    return f"{place} does not respond. Start it (make up), or c{next_step}"


def connection_from_environment(conn_id: str) -> dict[str, Any]:
    """The fields of an Airflow connection as its AIRFLOW_CONN_… variable has them, with `extra` as a dictionary.

    Raises:
        UsageProblem: the variable is not set or not readable.
    """
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    value = os.environ.get(variable, "").strip()
    if not value:
        raise UsageProblem(f"No connection {conn_id}: set {variable} (docs/configuration.md shows the form).")
    if value.startswith("{"):
        try:
            parts = json.loads(value)
        except json.JSONDecodeError as error:
            raise UsageProblem(f"{variable} is not valid JSON at character {error.pos}. Correct it.") from error
        extra = parts.get("extra") or {}
        if isinstance(extra, str):
            extra = json.loads(extra)
        return {**parts, "extra": extra}
    try:
        parsed = urlsplit(value)
        port = parsed.port
    except ValueError as error:
        raise UsageProblem(f"{variable} is not a connection URL: {error}. Correct it.") from error
    return {
        "conn_type": parsed.scheme,
        "host": parsed.hostname,
        "port": port,
        "login": unquote(parsed.username) if parsed.username else None,
        "password": unquote(parsed.password) if parsed.password else None,
        "schema": unquote(parsed.path.lstrip("/")),
        "extra": dict(parse_qsl(parsed.query)),
    }


def warehouse_url() -> str:
    """The warehouse's address (postgresql://…) from the environment.

    Raises:
        UsageProblem: it is not set or names no database.
    """
    parts = connection_from_environment(WAREHOUSE_CONN_ID)
    return url_from_parts(
        parts.get("host"), parts.get("port"), parts.get("login"), parts.get("password"), parts.get("schema")
    )


def url_from_parts(host: str | None, port: int | None, login: str | None, secret: str | None, name: str | None) -> str:
    """A postgresql:// address from the fields of a connection; every part is percent-encoded.

    Raises:
        UsageProblem: host, login or database name are missing.
    """
    for label, part in (("host", host), ("login", login), ("database name (schema)", name)):
        if not part:
            raise UsageProblem(f"The connection {WAREHOUSE_CONN_ID} has no {label}. Add it.")
    credentials = quote(str(login), safe="") + (f":{quote(secret, safe='')}" if secret else "")
    return f"postgresql://{credentials}@{host}:{port or 5432}/{quote(str(name), safe='')}"
