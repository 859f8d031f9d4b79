"""A backup of the warehouse and of the files that belong to it, and its restore into an empty database.

A backup is a folder of three files: `warehouse.dump` (pg_dump's custom format), `files.tar` (registry, workbooks,
issued reports, checkpoints) and `manifest.json` with the sha256 of both, the roles, and a digest of every table from
the dump's own snapshot. With SOCIAL_METRICS_BACKUP_KEY all three are encrypted. No password and no key is in it.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from cryptography.fernet import InvalidToken
from psycopg import sql

from social_metrics.clock import utc_now
from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.warehouse import migrate
from social_metrics.warehouse.backup_files import (
    PIECE,
    Part,
    archive_folders,
    cipher_of,
    folders_of,
    places_of,
    put_back,
    read_pieces,
    sha256_of,
)
from social_metrics.warehouse.connect import WarehouseProblem, open_connection

DUMP, FILES, MANIFEST = "warehouse.dump", "files.tar", "manifest.json"
Tell = Callable[[str], None]
"""Gets a line about the present step, many times a second."""

_SCHEMAS = "select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$|^public$'"

_IN_PUBLIC = "select relname from pg_class where relnamespace = to_regnamespace('public')"

_TABLES = r"""
select n.nspname, c.relname
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2
"""

# Independent of the order of rows: their number, and the sum of the first 64 bits of each row's md5.
_DIGEST = """
select count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text from {} as t
"""

# The groups that grants and policies name, and the logins of people and BI tools that belong to them. Service logins
# (they create roles) and recomputing ones belong to their warehouse: the one is there before a restore, a migration
# creates the other.
_ROLES = r"""
select member.rolname, member.rolcanlogin, coalesce(member.rolconfig, '{}'),
    array(
        select distinct granted.rolname::text
        from pg_auth_members as m join pg_roles as granted on granted.oid = m.roleid
        where m.member = member.oid and granted.rolname like 'social\_metrics\_%' and not granted.rolcanlogin
        order by 1),
    not member.rolcanlogin and pg_has_role(member.oid, 'usage')
from pg_roles as member
where member.rolname like 'social\_metrics\_%' and not member.rolcanlogin
    or not member.rolsuper and not member.rolcreaterole and exists (
        select from pg_auth_members as m join pg_roles as granted on granted.oid = m.roleid
        where m.member = member.oid and granted.rolname like 'social\_metrics\_%' and not granted.rolcanlogin
            and granted.rolname <> 'social_metrics_recomputer')
order by member.rolcanlogin, member.rolname
"""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and what it must give when it is restored."""

    made_at: str  # UTC instant, ISO 8601
    code_version: str
    database: str
    owner: str  # the service login: objects are restored under this name
    roles: list[list[Any]]  # name, whether it is a login, its settings, its groups, whether the owner works as it
    elsewhere: list[str]  # object stores of the settings: their files are not in the backup
    sha256: dict[str, str]  # of the dump and of the files, before encryption
    tables: dict[str, list[Any]]  # schema.table → rows, digest

    @property
    def logins(self) -> list[str]:
        """Logins of people and BI tools; a restore creates them without a password."""
        return [name for name, is_login, *_ in self.roles if is_login]


def back_up(settings: Settings, url: str, target: Path, code_version: str, tell: Tell) -> Manifest:
    """Write a backup of the warehouse at `url` and of the settings' folders; an existing folder is complete.

    Args:
        settings: folders, key and PostgreSQL's programs.
        url: postgresql://… of the service login.
        target: the backup's folder, which must not exist.
        code_version: see `code_version.code_version`.
        tell: progress.

    Raises:
        UsageProblem: the folder exists, the database is no warehouse or empty, or pg_dump fails.
    """
    if target.exists():
        raise UsageProblem(f"{target} exists, and a backup is never overwritten. Name another folder.")
    for folder in folders_of(settings).values():
        if isinstance(folder, Path) and target.resolve().is_relative_to(folder.resolve()):
            raise UsageProblem(f"{target} lies within {folder}, which is backed up itself. Name a folder elsewhere.")
    cipher = cipher_of(settings.backup_key)
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with open_connection(url) as connection:
        _refuse_foreign(connection)
        connection.commit()
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        snapshot = _value(connection, "select pg_export_snapshot()")
        tables = _digests(connection, tell)
        _refuse_empty(connection, tables)
        try:
            partial.mkdir(mode=0o700, parents=True)
            sha256 = {
                DUMP: _dump(settings, url, snapshot, Part(partial / DUMP, cipher), tell),
                FILES: archive_folders(settings, Part(partial / FILES, cipher)),
            }
            manifest = Manifest(
                made_at=utc_now().isoformat(timespec="seconds"),
                code_version=code_version,
                database=connection.info.dbname,
                owner=_value(connection, "select current_user"),
                roles=[list(row) for row in connection.execute(_ROLES)],
                elsewhere=[folder for folder in folders_of(settings).values() if isinstance(folder, str)],
                sha256=sha256,
                tables=tables,
            )
            part = Part(partial / MANIFEST, cipher)
            part.write(json.dumps(asdict(manifest), indent=2).encode())
            part.close()
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return manifest


def restore(settings: Settings, url: str, source: Path, tell: Tell) -> Manifest:
    """Restore a backup into the empty database at `url`, compare every table, migrate it, and put the files back.

    A restore that fails leaves the database empty, and no role and no file behind.

    Args:
        settings: folders, key and PostgreSQL's programs.
        url: postgresql://… of a service login with the name that owned the warehouse; it may create roles.
        source: the backup's folder.
        tell: progress.

    Raises:
        UsageProblem: the backup is damaged, the database is not empty or not this login's, a file exists with other
            content, pg_restore fails, or a table is not as it was.
    """
    cipher = cipher_of(settings.backup_key)
    manifest = read_manifest(settings, source, tell)
    with tempfile.TemporaryFile() as plain:
        plain.writelines(read_pieces(source / FILES, cipher))
        plain.seek(0)
        with tarfile.open(fileobj=plain) as archive, open_connection(url) as connection:
            _refuse_filled(connection)
            _refuse_other_login(connection, manifest)
            places = places_of(archive, settings)
            made: list[str] = []
            try:
                made += _make_roles(connection, manifest)
                _load(settings, url, read_pieces(source / DUMP, cipher), tell)
                _compare(manifest, _digests(connection, tell))
                connection.commit()
                migrate.upgrade(url)
                put_back(archive, places)
            except BaseException:
                connection.rollback()
                _clear(connection, made)
                raise
    return manifest


def read_manifest(settings: Settings, source: Path, tell: Tell = lambda _: None) -> Manifest:
    """The manifest of a backup whose two other files are those that it names.

    Raises:
        UsageProblem: there is none, it cannot be decrypted, or a file was changed or lost.
    """
    cipher = cipher_of(settings.backup_key)
    tell("Checking the backup's files")
    try:
        manifest = Manifest(**json.loads(b"".join(read_pieces(source / MANIFEST, cipher))))
        digests = {name: sha256_of(read_pieces(source / name, cipher)) for name in (DUMP, FILES)}
    except InvalidToken as error:
        raise UsageProblem(
            f"{source} cannot be decrypted with SOCIAL_METRICS_BACKUP_KEY: it was made with "
            "another key or without one, or it is damaged."
        ) from error
    except (OSError, ValueError, TypeError) as error:
        hint = "" if cipher else " If it is encrypted, set SOCIAL_METRICS_BACKUP_KEY."
        raise UsageProblem(f"{source} holds no readable backup ({type(error).__name__}).{hint}") from error
    if wrong := [name for name, digest in digests.items() if manifest.sha256.get(name) != digest]:
        raise UsageProblem(f"{source / wrong[0]} is not the file that was backed up. Take another backup.")
    return manifest


# ---------------------------------------------------------------- the database


def _refuse_foreign(connection: psycopg.Connection) -> None:
    if _value(connection, "select to_regclass('raw.capture_outcomes')") is None:
        raise WarehouseProblem(
            f"The database {connection.info.dbname} is no warehouse of social-metrics: nothing was backed up. "
            "Correct AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE."
        )


def _refuse_empty(connection: psycopg.Connection, tables: dict[str, list[Any]]) -> None:
    if not any(rows for name, (rows, _) in tables.items() if name.startswith("raw.")):
        raise WarehouseProblem(
            f"The warehouse {connection.info.dbname} holds no evidence (raw is empty): nothing was backed up. "
            "Correct AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE."
        )


def _refuse_filled(connection: psycopg.Connection) -> None:
    found = _value(connection, _SCHEMAS) or _value(connection, _IN_PUBLIC)
    if found:
        raise WarehouseProblem(
            f"The database {connection.info.dbname} is not empty ({found} exists), and a restore never overwrites "
            "one. Create an empty database, owned by this login, and name it in "
            "AIRFLOW_CONN_SOCIAL_METRICS_WAREHOUSE. `social-metrics restore` migrates it: do not do so before."
        )


def _refuse_other_login(connection: psycopg.Connection, manifest: Manifest) -> None:
    login = _value(connection, "select current_user")
    owner = _value(connection, "select pg_get_userbyid(datdba) from pg_database where datname = current_database()")
    if not login == owner == manifest.owner:
        raise WarehouseProblem(
            f"The backup's objects belong to the login {manifest.owner}; this connection is of {login}, and the "
            f"database {connection.info.dbname} belongs to {owner}. Restore with a login {manifest.owner} that owns "
            "the database and may create roles."
        )


def _digests(connection: psycopg.Connection, tell: Tell) -> dict[str, list[Any]]:
    digests = {}
    names = connection.execute(_TABLES).fetchall()
    for number, name in enumerate(names, start=1):
        tell(f"Reading {'.'.join(name)} ({number} of {len(names)})")
        row = connection.execute(sql.SQL(_DIGEST).format(sql.Identifier(*name))).fetchone()
        digests[".".join(name)] = list(row or ())
    return digests


def _compare(manifest: Manifest, restored: dict[str, list[Any]]) -> None:
    names = manifest.tables.keys() | restored.keys()
    if wrong := sorted(name for name in names if manifest.tables.get(name) != restored.get(name)):
        raise UsageProblem(f"These restored tables are not those of the backup: {', '.join(wrong)}. Nothing was kept.")


def _make_roles(connection: psycopg.Connection, manifest: Manifest) -> list[str]:
    """Create missing groups, and logins without a password, with their memberships; return the names of new roles."""
    known = {name for (name,) in connection.execute("select rolname from pg_roles")}
    try:
        with connection.transaction():
            for name, is_login, config, _, is_owners in manifest.roles:
                role = sql.Identifier(name)
                if name not in known:
                    verb = "login" if is_login else "nologin"
                    connection.execute(sql.SQL(f"create role {{}} {verb}").format(role))
                    for variable, value in (setting.split("=", 1) for setting in config):
                        statement = sql.SQL("alter role {} set {} = {}")
                        connection.execute(statement.format(role, sql.Identifier(variable), sql.Literal(value)))
                if is_owners:
                    connection.execute(sql.SQL("grant {} to current_user").format(role))
            for name, _, _, groups, _ in manifest.roles:
                for group in groups:
                    connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarehouseProblem(
            f"The login {manifest.owner} may not create or join a role of the backup: {error.diag.message_primary}. "
            "It needs CREATEROLE, and ADMIN on groups that another login has created."
        ) from error
    connection.commit()
    return [name for name, *_ in manifest.roles if name not in known]


def _clear(connection: psycopg.Connection, roles: list[str]) -> None:
    """Make a database that was empty before empty again, and drop the roles that were made."""
    with connection.transaction():
        for schema, table in connection.execute(_TABLES).fetchall():
            if schema == "public":
                connection.execute(sql.SQL("drop table {} cascade").format(sql.Identifier(schema, table)))
        schemas = connection.execute(_SCHEMAS).fetchall()
        for (schema,) in schemas:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
    for role in reversed(roles):
        with suppress(psycopg.errors.DependentObjectsStillExist), connection.transaction():
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


# ---------------------------------------------------------------- PostgreSQL's programs


def _dump(settings: Settings, url: str, snapshot: str, part: Part, tell: Tell) -> str:
    with tempfile.TemporaryFile() as errors:
        # Rights on PostgreSQL's own functions (`server_rights.sql`) are an administrator's to restore.
        options = ["--format=custom", f"--snapshot={snapshot}", "--exclude-schema=pg_catalog"]
        with _program(settings, "pg_dump", url, options, stdout=subprocess.PIPE, stderr=errors) as process:
            size = 0
            while piece := process.stdout.read(PIECE):
                size += part.write(piece)
                tell(f"Dumping ({size / 1e6:,.0f} MB)")
        _refuse_failure(process, errors)
    return part.close()


def _load(settings: Settings, url: str, pieces: Iterator[bytes], tell: Tell) -> None:
    with tempfile.TemporaryFile() as errors:
        options = ["--exit-on-error", "--single-transaction"]
        with _program(settings, "pg_restore", url, options, stdin=subprocess.PIPE, stderr=errors) as process:
            size = 0
            with suppress(BrokenPipeError), process.stdin as stream:  # it ended before: it says why
                for piece in pieces:
                    stream.write(piece)
                    size += len(piece)
                    tell(f"Loading ({size / 1e6:,.0f} MB)")
            tell("Building indexes and constraints")
        _refuse_failure(process, errors)


def _program(settings: Settings, name: str, url: str, options: list[str], **streams: Any) -> Any:
    """Start a program; the password goes by the environment, where a process list does not show it."""
    folder = settings.postgres_programs
    program = shutil.which(name, path=None if folder is None else str(folder))
    if program is None:
        raise UsageProblem(
            f"{name} was not found {'on PATH' if folder is None else f'in {folder}'}. Install PostgreSQL's client "
            "programs of the server's major version, and name their folder in SOCIAL_METRICS_POSTGRES_PROGRAMS."
        )
    parts = urlsplit(url)
    address = urlunsplit(parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port or 5432}"))
    environment = os.environ | {"PGPASSWORD": unquote(parts.password or ""), "LC_ALL": "C", "PGTZ": "UTC"}
    return subprocess.Popen([program, *options, f"--dbname={address}"], env=environment, **streams)


def _refuse_failure(process: Any, errors: IO[bytes]) -> None:
    if process.returncode:
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines() or ["no message"]
        hint = " Name the folder of the server's own in SOCIAL_METRICS_POSTGRES_PROGRAMS."
        raise WarehouseProblem(f"{' '.join(lines[:2])}.{hint if 'version' in lines[0] else ''}")
