"""A PostgreSQL server with an administrator's login, its logins and databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import sql

from local_stack import StackError

OLDEST_VERSION = 15
"""The warehouse's grants need security_invoker views, new in PostgreSQL 15."""

CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Server:
    """An administrator's access to a server; the password never shows in a repr."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    maintenance_database: str = "postgres"

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """A `postgresql://` URI to a database, as the administrator or as the given login."""
        login = quote(user or self.user, safe="")
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{login}:{secret}@{self.host}:{self.port}/{quote(database, safe='')}"

    @contextmanager
    def admin(self, database: str | None = None) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """An autocommit connection as the administrator.

        Raises:
            StackError: the server does not answer, or refuses the login.
        """
        try:
            connection = psycopg.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password,
                dbname=database or self.maintenance_database,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                application_name="social-metrics stack",
            )
        except psycopg.OperationalError as error:
            raise StackError(_sentence(error, self)) from error
        with connection:
            yield connection

    def check_version(self) -> int:
        """The server's major version.

        Raises:
            StackError: it is older than the warehouse needs, or not reachable.
        """
        with self.admin() as connection:
            major = connection.info.server_version // 10_000
        if major < OLDEST_VERSION:
            raise StackError(
                f"PostgreSQL at {self.host}:{self.port} is version {major}; the warehouse needs "
                f"{OLDEST_VERSION} or newer. Unset SOCIAL_METRICS_POSTGRES_URL to use the embedded one."
            )
        return major

    def ensure_login(self, name: str, password: str) -> None:
        """Creates the login, or sets its password when it exists."""
        with self.admin() as connection:
            known = connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
            verb = sql.SQL("alter role" if known else "create role")
            connection.execute(
                sql.SQL("{} {} login password {}").format(verb, sql.Identifier(name), sql.Literal(password))
            )

    def has_database(self, name: str) -> bool:
        """Whether there is a database of that name."""
        with self.admin() as connection:
            return connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is not None

    def ensure_database(self, name: str, owner: str | None = None, template: str | None = None) -> bool:
        """Creates the database unless it exists; returns whether it was created.

        Args:
            name: of the database.
            owner: a login that owns it; without one, the administrator.
            template: a database to clone, without connections.
        """
        if self.has_database(name):
            return False
        with self.admin() as connection:
            statement = sql.SQL("create database {}").format(sql.Identifier(name))
            if owner:
                statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
            if template:
                statement += sql.SQL(" template {} strategy file_copy").format(sql.Identifier(template))
            connection.execute(statement)
            connection.execute(
                sql.SQL("revoke connect, temporary on database {} from public").format(sql.Identifier(name))
            )
        return True

    def drop_database(self, name: str) -> None:
        """Drops the database if it exists, and ends its connections."""
        with self.admin() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def server_at(url: str) -> Server:
    """The server that a `postgresql://administrator:password@host:port/database` URI names, checked.

    Raises:
        StackError: not such a URI, not reachable, login refused, or too old.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname or not parts.username:
        raise StackError(
            "The server's address (SOCIAL_METRICS_POSTGRES_URL, or the warehouse's connection) is not of the form "
            "postgresql://login:password@host:port/database."
        )
    server = Server(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        maintenance_database=unquote(parts.path.lstrip("/")) or "postgres",
    )
    server.check_version()
    return server


def _sentence(error: psycopg.OperationalError, server: Server) -> str:
    place = f"{server.host}:{server.port}"
    reason = str(error)
    if "password authentication failed" in reason or "no password supplied" in reason:
        return f"PostgreSQL at {place} refuses the password of {server.user}. Correct it where it is set."
    if "does not exist" in reason:
        return f"PostgreSQL at {place} has no such database or login: {reason.strip().splitlines()[-1]}."
    return (
        f"No PostgreSQL answers at {place}. Start it, or correct the address. "
        f"({reason.strip().splitlines()[-1].strip()})"
    )
