"""The warehouse logins of the BI tools: one for leadership, one for each center."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from social_metrics.warehouse.connect import WarehouseProblem

STATEMENT_SECONDS = 30
"""A longer query of a chart is cancelled."""

LOGIN_LENGTH_LIMIT = 63
"""PostgreSQL truncates longer names, and two centers could share one."""

SETTINGS = {"default_transaction_read_only": "on", "statement_timeout": f"{STATEMENT_SECONDS}s", "jit": "off"}
"""Of every such login. JIT costs more than a chart's query."""

_LEADERSHIP_GROUP = "social_metrics_bi_reader"
_CENTER_GROUP = "social_metrics_center_reader"


@dataclass(frozen=True)
class ReadingLogin:
    """A login of the warehouse that may only read marts.

    Attributes:
        center_code: center whose rows it sees; None sees all.
    """

    name: str
    password: str = field(repr=False)
    center_code: str | None = None

    def url(self, warehouse_url: str) -> str:
        """The address of the warehouse at `warehouse_url` (postgresql://…) for this login."""
        parts = urlsplit(warehouse_url)
        place = f"{parts.hostname}:{parts.port or 5432}"
        return urlunsplit(("postgresql", f"{quote(self.name)}:{quote(self.password)}@{place}", parts.path, "", ""))


def reading_login(leadership: str, key: str, center_code: str | None = None) -> ReadingLogin:
    """The login of a center, or of leadership.

    The password is derived from the key: one secret replaces one for each center, and a tool's server that has the
    key needs no list. bi/superset/superset_config.py derives it in the same way.

    Args:
        leadership: name of leadership's login; a center's login adds the center's code.
        key: SOCIAL_METRICS_BI_LOGIN_KEY.
    """
    name = leadership if center_code is None else f"{leadership}_{center_code.replace('-', '_')}"
    return ReadingLogin(name, hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest(), center_code)


def ensure_reading_logins(warehouse_url: str, centers: Iterable[str], leadership: str, key: str) -> list[ReadingLogin]:
    """Create the logins or reset their passwords, and record which rows each sees, in one transaction.

    A login of a center that is no longer among `centers` sees no row.

    Args:
        warehouse_url: postgresql://… of the service login: it migrated the warehouse and may create roles.
        centers: codes of the centers that get a login.
        leadership: name of the login that sees all rows.
        key: SOCIAL_METRICS_BI_LOGIN_KEY.

    Raises:
        WarehouseProblem: the warehouse cannot be reached, lacks a migration, or the login may not create roles.
    """
    logins = [reading_login(leadership, key), *(reading_login(leadership, key, code) for code in sorted(set(centers)))]
    if too_long := [login.name for login in logins if len(login.name) > LOGIN_LENGTH_LIMIT]:
        raise WarehouseProblem(f"Logins longer than {LOGIN_LENGTH_LIMIT} characters: {', '.join(too_long)}.")
    try:
        with psycopg.connect(warehouse_url, connect_timeout=10) as connection:
            for login in logins:
                _ensure(connection, login)
            connection.execute("delete from ops.center_logins")
            with connection.cursor() as cursor:
                cursor.executemany(
                    "insert into ops.center_logins (login_name, center_code) values (%s, %s)",
                    [(login.name, login.center_code) for login in logins if login.center_code],
                )
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedObject) as error:
        raise WarehouseProblem("The warehouse lacks a migration: run `social-metrics migrate`.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarehouseProblem(
            f"{unquote(urlsplit(warehouse_url).username or '')} may not create the logins: it needs CREATEROLE, and "
            f"ADMIN on logins that another role created ({error.diag.message_primary}). Nothing was changed."
        ) from error
    except psycopg.OperationalError as error:
        raise WarehouseProblem(f"The warehouse does not answer: {str(error).strip().splitlines()[-1]}.") from error
    return logins


def _ensure(connection: psycopg.Connection, login: ReadingLogin) -> None:
    name, group = sql.Identifier(login.name), _CENTER_GROUP if login.center_code else _LEADERSHIP_GROUP
    known = connection.execute("select 1 from pg_roles where rolname = %s", (login.name,)).fetchone()
    verb = sql.SQL("alter role" if known else "create role")
    connection.execute(sql.SQL("{} {} login password {}").format(verb, name, sql.Literal(login.password)))
    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), name))
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("alter role {} reset all").format(name))  # a login may set its own
    connection.execute(sql.SQL("alter role {} in database {} reset all").format(name, database))
    for setting, value in SETTINGS.items():
        connection.execute(
            sql.SQL("alter role {} set {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
        )


def altered_logins(warehouse_url: str, leadership: str, key: str) -> dict[str, str]:
    """Logins that no longer have their settings or their password, and what is wrong with each.

    A login may change both by itself; `ensure_reading_logins` sets them back.

    Args:
        warehouse_url: postgresql://… of the service login.
        leadership: name of the login that sees all rows.
        key: SOCIAL_METRICS_BI_LOGIN_KEY.
    """
    with psycopg.connect(warehouse_url, connect_timeout=10) as connection:
        codes = [code for (code,) in connection.execute("select center_code from ops.center_logins order by 1")]
        found: dict[str, list[str]] = {}
        for name, setting in connection.execute(
            "select rolname, unnest(setconfig) from pg_roles join pg_db_role_setting on setrole = pg_roles.oid"
        ):
            found.setdefault(name, []).append(setting)
        known = {name for (name,) in connection.execute("select rolname from pg_roles where rolcanlogin")}
    altered = {}
    for login in (reading_login(leadership, key), *(reading_login(leadership, key, code) for code in codes)):
        if login.name not in known:
            continue
        if sorted(found.get(login.name, [])) != sorted(f"{name}={value}" for name, value in SETTINGS.items()):
            altered[login.name] = f"its settings are {', '.join(sorted(found.get(login.name, []))) or 'none'}"
        try:
            psycopg.connect(login.url(warehouse_url), connect_timeout=10).close()
        except psycopg.OperationalError:
            altered[login.name] = "its password is another one"
    return altered
