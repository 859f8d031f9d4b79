"""The login as which the rules of a month run: it reads sealed evidence and writes only its own temporary tables.

It holds one group, `social_metrics_recomputer`, and no SQL can give it another role. Its password is drawn anew for
each connection and soon expires, so none is stored, and nobody else logs in as it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from social_metrics.clock import utc_now
from social_metrics.settings import load_settings
from social_metrics.warehouse.connect import SESSION, WarehouseProblem

GROUP = "social_metrics_recomputer"

PASSWORD_LOCK = 0x50C1A4
"""Key of the lock under which the password is drawn and used: two at once would refuse each other."""

_RIGHTS = """
select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or exists (
    select from pg_auth_members as held join pg_roles as groups on groups.oid = held.roleid
    where held.member = login.oid and groups.rolname <> %s)
from pg_roles as login where rolname = session_user
"""


def login_name(service_url: str) -> str:
    """Name of the login: SOCIAL_METRICS_RECOMPUTE_LOGIN, or the service login's with `_recompute` after it."""
    service = unquote(urlsplit(service_url).username or "")
    return load_settings().recompute_login or f"{service}_recompute"


def ensure_recompute_login(connection: psycopg.Connection, service_url: str) -> None:
    """Create the login and give it its group; the migration does so, and so does a restore.

    Args:
        connection: of the service login, which may create roles.
        service_url: postgresql://… of the service login.
    """
    name = sql.Identifier(login_name(service_url))
    known = connection.execute("select 1 from pg_roles where rolname = %s", (login_name(service_url),)).fetchone()
    if not known:
        connection.execute(sql.SQL("create role {} login").format(name))
    options = " with inherit true, set false" if connection.info.server_version >= 160000 else ""
    connection.execute(sql.SQL("grant {} to {}" + options).format(sql.Identifier(GROUP), name))


@contextmanager
def recompute_connection(service_url: str) -> Iterator[psycopg.Connection]:
    """A connection as this login; it is closed at the end, and nothing of it is kept.

    Args:
        service_url: postgresql://… of the service login.

    Raises:
        WarehouseProblem: the login is missing, is not this service's to set, or has other rights.
    """
    name, password = login_name(service_url), secrets.token_hex(24)
    parts = urlsplit(service_url)
    place = parts.netloc.rsplit("@", 1)[-1]
    url = urlunsplit(parts._replace(netloc=f"{quote(name, safe='')}:{password}@{place}"))
    try:
        with psycopg.connect(service_url, connect_timeout=10, options=SESSION) as service:
            service.execute("select pg_advisory_lock(%s)", (PASSWORD_LOCK,))
            verifier = service.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
            until = (utc_now() + timedelta(days=1)).isoformat()
            settings = (sql.Identifier(name), sql.Literal(verifier), sql.Literal(until))
            service.execute(sql.SQL("alter role {} password {} valid until {}").format(*settings))
            service.execute(sql.SQL("alter role {} reset all").format(sql.Identifier(name)))
            here = (sql.Identifier(name), sql.Identifier(service.info.dbname))
            service.execute(sql.SQL("alter role {} in database {} reset all").format(*here))
            service.commit()
            connection = psycopg.connect(url, connect_timeout=10, options=SESSION)
    except psycopg.Error as error:
        raise WarehouseProblem(
            f"The month cannot be computed as the login {name}: {str(error).strip().splitlines()[-1]}. Run "
            "`social-metrics migrate`; where another warehouse of this server has that login, set "
            "SOCIAL_METRICS_RECOMPUTE_LOGIN to another name."
        ) from error
    with connection:
        if connection.execute(_RIGHTS, (GROUP,)).fetchone() != (False,):
            raise WarehouseProblem(f"The login {name} has more rights than the group {GROUP}. Revoke them.")
        connection.commit()
        yield connection
