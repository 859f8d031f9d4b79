"""Single changes by a superuser with triggers off, each of a random row of a random table."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import tables_to_seal

CHAIN = ("audit.seals", "audit.sealed_tables", "audit.sealed_rows")
KINDS = ("value", "timestamp", "hash", "removed", "added", "order")


@dataclass(frozen=True)
class Tampering:
    """What was changed: `names` are the words of which a finding has to hold one set whole."""

    kind: str
    table: str
    what: str
    names: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    is_key: bool
    is_identity: bool


class Tamperer:
    """Changes one thing at a time within the caller's transaction, which the caller rolls back."""

    def __init__(self, superuser: psycopg.Connection, draw: random.Random) -> None:
        self.connection = superuser
        self.draw = draw

    def change(self, kind: str, tables: Sequence[str] | None = None) -> Tampering:
        """Make one change of this kind; tables without a place for it are passed over."""
        self.connection.execute("set session_replication_role = replica")
        there = [table.name for table in tables_to_seal(self.connection)] + list(CHAIN)
        candidates = list(tables or there)
        self.draw.shuffle(candidates)
        for table in candidates:
            try:
                with self.connection.transaction():
                    made = self._change(kind, table)
                if made:
                    return made
            except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
                continue  # a CHECK or a key does not allow that one, even to a superuser
        raise AssertionError(f"no table has a place for {kind}")

    def _change(self, kind: str, table: str) -> Tampering | None:
        columns = self._columns(table)
        rows = self._rows(table)
        if not rows:
            return None
        row = self.draw.choice(rows)
        match kind:
            case "removed":
                self._on(table, row, "delete from {table} as source where {here}")
                return self._made(kind, table, "", row)
            case "added":
                return self._add(table, columns, row)
            case "order":
                return self._swap(table, columns, rows)
        wanted = {
            "timestamp": [c for c in columns if c.kind.startswith("timestamp")],
            "hash": [c for c in columns if "sha256" in c.name or c.name in ("merkle_root", "content_hash")],
            "value": [c for c in columns if not c.kind.startswith("timestamp") and "sha256" not in c.name],
        }[kind]
        self.draw.shuffle(wanted)
        for column in wanted:
            after = self._alter(table, column, row)
            if after:
                return self._made(kind, table, column.name, row, after)
        return None

    def _alter(self, table: str, column: _Column, row: str) -> str | None:
        new = {
            "text": "{c} || 'x'",
            "integer": "{c} + 1",
            "bigint": "{c} + 1",
            "smallint": "{c} + 1",
            "numeric": "{c} + 1",
            "boolean": "not {c}",
            "date": "{c} + 1",
            "timestamp with time zone": "{c} + interval '1 second'",
            "bytea": "set_byte({c}, 0, (get_byte({c}, 0) + 1) %% 256)",
            "jsonb": """case jsonb_typeof({c}) when 'object' then {c} || '{{"x": 1}}' else '"x"'::jsonb end""",
            "text[]": "{c} || 'x'::text",
            "double precision": "{c} + 1",
        }.get(column.kind)
        if new is None:
            return None
        if column.kind == "text" and ("sha256" in column.name or column.name in ("merkle_root", "content_hash")):
            new = "reverse({c})"
        if column.is_identity:  # no UPDATE reaches a number that the database gives; a superuser takes that away first
            free = sql.SQL("alter table {} alter column {} drop identity")
            self.connection.execute(free.format(_identifier(table), sql.Identifier(column.name)))
        return self._on(
            table,
            row,
            "update {table} as source set {column} = " + new.replace("{c}", "source.{column}") + " where {here} "
            "and (" + new.replace("{c}", "source.{column}") + ") is distinct from source.{column} returning {key}",
            column=sql.Identifier(column.name),
        )

    def _add(self, table: str, columns: list[_Column], row: str) -> Tampering | None:
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        keys = [column for column in columns if column.is_key]
        column = self.draw.choice(keys)
        new = {
            "text": "source.{c} || 'x'",
            "integer": "source.{c} + 1000000",
            "bigint": "source.{c} + 1000000",
            "date": "source.{c} - 400",
            "uuid": "gen_random_uuid()",
            "timestamp with time zone": "source.{c} - interval '1 millisecond'",
        }[column.kind]
        values = sql.SQL(", ").join(
            sql.SQL(new).format(c=sql.Identifier(other.name))
            if other == column
            else sql.SQL("source.{}").format(sql.Identifier(other.name))
            for other in columns
        )
        added = self._on(
            table,
            row,
            "insert into {table} as source ({names}) overriding system value "
            "select {values} from {table} as source where {here} returning {key}",
            names=names,
            values=values,
        )
        return self._made("added", table, column.name, added) if added else None

    def _swap(self, table: str, columns: list[_Column], rows: list[str]) -> Tampering | None:
        if len(rows) < 2:
            return None
        first, second = self.draw.sample(rows, 2)
        wanted = [column for column in columns if not column.is_key]
        self.draw.shuffle(wanted)
        for column in wanted:
            name = sql.Identifier(column.name)
            count = self.connection.execute(
                sql.SQL(
                    "update {table} as source set {name} = other.{name} from {table} as other "
                    "where (({here} = %(first)s and {there} = %(second)s) or "
                    "({here} = %(second)s and {there} = %(first)s)) "
                    "and source.{name} is distinct from other.{name}"
                ).format(
                    table=_identifier(table),
                    name=name,
                    here=self._key(table, "source"),
                    there=self._key(table, "other"),
                ),
                {"first": first, "second": second},
            ).rowcount
            if count == 2:
                return self._made("order", table, column.name, first, second)
        return None

    def _made(self, kind: str, table: str, what: str, *rows: str) -> Tampering:
        return Tampering(kind, table, f"{kind} {table} {what} {rows}", tuple(_words(table, row) for row in rows))

    def _on(self, table: str, row: str, statement: str, **parts: sql.Composable) -> str | None:
        cursor = self.connection.execute(
            sql.SQL(statement).format(
                table=_identifier(table),
                here=sql.SQL("{} = %(row)s").format(self._key(table, "source")),
                key=self._key(table, "source"),
                **parts,
            ),
            {"row": row},
        )
        found = cursor.fetchone() if cursor.description else None
        return found[0] if found else None

    def _rows(self, table: str) -> list[str]:
        statement = sql.SQL("select {} from {} as source order by 1").format(
            self._key(table, "source"), _identifier(table)
        )
        return [row for (row,) in self.connection.execute(statement)]

    def _key(self, table: str, alias: str) -> sql.Composable:
        """The key of a row as a finding writes it; of the chain's own tables a JSON array."""
        for sealed in tables_to_seal(self.connection):
            if sealed.name == table:
                text = sealed.row_key.as_string(self.connection)
                return sql.SQL(text.replace('source."', f'{alias}."'))
        keys = {
            "audit.seals": "{0}.seal_no",
            "audit.sealed_tables": "{0}.seal_no, {0}.table_name",
            "audit.sealed_rows": "{0}.table_name, {0}.row_key, {0}.seal_no",
        }
        return sql.SQL(f"jsonb_build_array({keys[table].format(alias)})::text")

    def _columns(self, table: str) -> list[_Column]:
        return [
            _Column(*row)
            for row in self.connection.execute(
                """
                select a.attname, format_type(a.atttypid, null), coalesce(a.attnum = any(i.indkey::smallint[]), false),
                    a.attidentity = 'a'
                from pg_attribute as a left join pg_index as i on i.indrelid = a.attrelid and i.indisprimary
                where a.attrelid = %s::regclass and a.attnum > 0 and a.attgenerated = '' and not a.attisdropped
                order by a.attnum
                """,
                (table,),
            )
        ]


def _identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _words(table: str, row: str) -> tuple[str, ...]:
    if table not in CHAIN:
        return (f"{table} {row}",)
    parts = json.loads(row)
    if table == "audit.sealed_rows":
        return ("audit.sealed_rows", parts[0])
    return tuple(str(part) for part in (table if table == "audit.seals" else "audit.sealed_tables", parts[0]))
