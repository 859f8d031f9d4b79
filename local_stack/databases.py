"""The stack's databases on one server, each with its own login: the warehouse, Airflow's metadata and Superset's."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from local_stack import StackError
from local_stack.secret_files import new_password
from local_stack.server import Server
from social_metrics.clock import utc_now
from social_metrics.warehouse.sessions import SERVER_RIGHTS

WAREHOUSE = "social_metrics_demo"
AIRFLOW = "social_metrics_demo_airflow"
SUPERSET = "social_metrics_demo_superset"
SERVICE_LOGIN = "social_metrics_service"
AIRFLOW_LOGIN = "social_metrics_airflow"
SUPERSET_LOGIN = "social_metrics_superset"
BI_LOGIN = "social_metrics_bi"


@dataclass(frozen=True)
class Login:
    """A login of the server and its password."""

    name: str
    password: str


def ensure_service_login(server: Server, login: Login) -> None:
    """Creates the warehouse's service login; it may create the group roles and joins existing ones.

    Group roles belong to the whole server: another warehouse on it may have created them.
    """
    server.ensure_login(login.name, login.password)
    with server.admin() as connection:
        name = sql.Identifier(login.name)
        connection.execute(sql.SQL("alter role {} createrole").format(name))
        groups = connection.execute(
            r"select rolname from pg_roles where rolname like 'social\_metrics\_%' and not rolcanlogin"
        ).fetchall()
        for (group,) in groups:
            connection.execute(sql.SQL("grant {} to {} with admin option").format(sql.Identifier(group), name))


def ensure_warehouse(server: Server, login: Login, database: str = WAREHOUSE) -> str:
    """Creates the warehouse's database, not migrated, for the service login; returns the login's URI."""
    ensure_service_login(server, login)
    server.ensure_database(database, owner=login.name)
    return server.url(database, login.name, login.password)


def ensure_notary(server: Server, warehouse_url: str) -> str:
    """Creates the login that copies the answers to Airflow's forms, which no task holds; returns its URI."""
    parts = urlsplit(warehouse_url)
    login = Login(f"{parts.username}_notary", new_password())
    server.ensure_login(login.name, login.password)
    with server.admin() as connection:
        connection.execute(sql.SQL("grant social_metrics_notary to {}").format(sql.Identifier(login.name)))
    return server.url(parts.path.lstrip("/"), login.name, login.password)


def take_rights_from_all(server: Server, database: str) -> None:
    """Leaves the warehouse's locks and large objects to those that need them."""
    with server.admin(database) as admin:
        admin.execute(SERVER_RIGHTS.read_text(encoding="utf-8").encode())


def ensure_metadata(server: Server, login: Login, database: str) -> str:
    """Creates a metadata database for its login; returns the login's URI."""
    server.ensure_login(login.name, login.password)
    server.ensure_database(database, owner=login.name)
    return server.url(database, login.name, login.password)


@contextmanager
def set_aside(server: Server, database: str, folders: Sequence[Path]) -> Iterator[None]:
    """Rename a database and folders that may be in the way; when the block fails they replace what it has made.

    Raises:
        StackError: somebody is connected to the database.
    """
    mark = f"_before_{utc_now():%Y%m%d%H%M%S}"
    had_database = server.has_database(database)
    if had_database:
        _rename(server, database, database + mark)
    aside = [folder for folder in folders if folder.exists()]
    for folder in aside:
        folder.rename(folder.with_name(folder.name + mark))
    try:
        yield
    except BaseException:
        for folder in aside:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_name(folder.name + mark).rename(folder)
        server.drop_database(database)
        if had_database:
            _rename(server, database + mark, database)
        raise


def _rename(server: Server, database: str, name: str) -> None:
    statement = sql.SQL("alter database {} rename to {}").format(sql.Identifier(database), sql.Identifier(name))
    with server.admin() as admin:
        try:
            admin.execute(statement)
        except psycopg.errors.ObjectInUse as error:
            raise StackError(f"Somebody is connected to {database}: stop everything first (make down).") from error
