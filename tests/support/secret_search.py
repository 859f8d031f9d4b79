"""Looks for planted secrets in everything that a run has written: files, and every row of its databases."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

_TABLES = """
select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%%' order by 1, 2
"""


def in_text(text: str, secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets that stand in a text."""
    return [name for name, secret in secrets.items() if secret in text]


def in_files(folder: Path, secrets: Mapping[str, str], skip: tuple[str, ...] = ()) -> tuple[list[str], int]:
    """`file: name of the secret` for each find below a folder, and how many files were read.

    Args:
        folder: where to look.
        secrets: name → secret.
        skip: beginnings of paths, relative to the folder, that hold secrets by their purpose.
    """
    found, read = [], 0
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder).as_posix()
        if not path.is_file() or path.is_symlink() or shown.startswith(skip):
            continue
        read += 1
        body = path.read_bytes()
        found += [f"{shown}: {name}" for name, secret in secrets.items() if secret.encode() in body]
    return found, read


def in_database(url: str, secrets: Mapping[str, str]) -> tuple[list[str], int]:
    """`schema.table: name of the secret` for each find, as text or as bytes, and how many rows were read."""
    found, read = [], 0
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            relation = sql.Identifier(schema, table)
            read += next(iter(connection.execute(sql.SQL("select count(*) from {}").format(relation))))[0]
            query = sql.SQL("select count(*) from {} as t where t::text like any(%s)").format(relation)
            if _count(connection, query, secrets.values()):
                names = [name for name, secret in secrets.items() if _count(connection, query, [secret])]
                found += [f"{schema}.{table}: {name}" for name in names]
    return found, read


@contextmanager
def process_lists() -> Iterator[set[str]]:
    """The command lines of this program and all that it has started, looked at again and again during the block."""
    seen: set[str] = set()
    over = threading.Event()
    own = psutil.Process()

    def watch() -> None:
        while True:
            for process in (own, *own.children(recursive=True)):
                with suppress(psutil.Error):
                    seen.add(" ".join(process.cmdline()))
            if over.wait(0.05):
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def _count(connection: psycopg.Connection, query: sql.Composed, secrets: Iterable[str]) -> int:
    forms = [f"%{_literally(form)}%" for secret in secrets for form in (secret, secret.encode().hex())]
    return int(next(iter(connection.execute(query, (forms,))))[0])


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
