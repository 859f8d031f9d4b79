r"""The canonical form of a row, from which its sha256 is taken. This is its one definition.

A row is the concatenation, over its columns in the byte order of their names and leaving out those that are NULL, of

    <column name> <number of bytes of the value>:<value>\n

in UTF-8. So NULL is not the empty text, no value can pass for two, and a column added later changes no row that has
nothing in it. A value's text rests on no setting of session, zone or float format:

    text, numbers, uuid, boolean   as PostgreSQL writes them; numeric without trailing zeros; true, false
    timestamptz                    in UTC, 2026-11-24T13:00:00.000000Z
    date                           2026-11-24
    bytea                          the sha256 of the bytes, in hexadecimal
    double precision               the eight bytes, in hexadecimal
    jsonb, arrays                  the text of the jsonb value

PostgreSQL computes it, so that rows need not be fetched. The row's key is the JSON array of the values of its
primary key in this form.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from social_metrics.errors import UsageProblem

_TEXT_OF_TYPE = {
    "text": "{0}",
    "character varying": "{0}::text",
    "uuid": "{0}::text",
    "boolean": "{0}::text",
    "smallint": "{0}::text",
    "integer": "{0}::text",
    "bigint": "{0}::text",
    "numeric": "trim_scale({0})::text",
    "timestamp with time zone": """to_char({0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "date": "to_char({0}, 'YYYY-MM-DD')",
    "bytea": "encode(sha256({0}), 'hex')",
    "double precision": "encode(float8send({0}), 'hex')",
    "jsonb": "{0}::text",
    "text[]": "to_jsonb({0})::text",
}

# All of raw; the append-only tables of ops; and the record itself. Seals are chained instead of sealed. Results of the
# transform and logins of centers are no evidence.
_TABLES = """
select c.oid, format('%s.%s', n.nspname, c.relname)
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
  and (n.nspname = 'raw'
       or (n.nspname = 'audit' and c.relname not in ('seals', 'sealed_tables', 'sealed_rows'))
       or (n.nspname = 'ops' and c.relname not in ('dbt_results', 'center_logins') and not exists (
           select from aclexplode(c.relacl) as a
           where a.grantee <> c.relowner and a.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE'))))
order by 2
"""

_COLUMNS = """
select a.attname, format_type(a.atttypid, null), a.attnotnull,
       array_position(i.indkey::smallint[], a.attnum)
from pg_attribute as a
left join pg_index as i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


@dataclass(frozen=True)
class SealedTable:
    """A table whose rows are sealed, and the SQL over `source` (its alias) that sealing needs.

    `event_at` is the instant (UTC) that dates a row: the first timestamptz that is never NULL. The parts of a close
    have none of their own; for them it is NULL.
    """

    name: str  # schema.table
    relation: sql.Composed
    row_key: sql.Composed
    row_text: sql.Composed  # the canonical form
    row_sha256: sql.Composed
    event_at: sql.Composed
    expires_at: sql.Composed


def tables_to_seal(connection: psycopg.Connection) -> list[SealedTable]:
    """Every table that is evidence, found in the database's catalog, by name.

    Raises:
        UsageProblem: a table has no primary key, no date, or a column whose type has no canonical form.
    """
    found = connection.execute(_TABLES).fetchall()
    return [_table(connection, oid, name) for oid, name in found]


def _table(connection: psycopg.Connection, oid: int, name: str) -> SealedTable:
    columns = connection.execute(_COLUMNS, (oid,)).fetchall()
    texts = {column: _text(name, column, kind) for column, kind, *_ in columns}
    key = sorted((place, column) for column, _, _, place in columns if place is not None)
    dates = [column for column, kind, never_null, _ in columns if kind == "timestamp with time zone" and never_null]
    if not key or not (dates or name.startswith("audit.")):
        raise UsageProblem(f"{name} cannot be sealed: it needs a primary key and a timestamptz that is never NULL.")
    row_text = sql.SQL(" || ").join(
        sql.SQL("coalesce({name} || octet_length({text}) || ':' || {text} || E'\\n', '')").format(
            name=sql.Literal(f"{column} "), text=texts[column]
        )
        for column in sorted(texts, key=lambda column: str(column).encode())
    )
    return SealedTable(
        name=name,
        relation=sql.SQL("{} as source").format(sql.Identifier(*name.split("."))),
        row_key=sql.SQL("jsonb_build_array({})::text").format(sql.SQL(", ").join(texts[column] for _, column in key)),
        row_text=row_text,
        row_sha256=sql.SQL("sha256(convert_to({}, 'UTF8'))").format(row_text),
        event_at=_instant(dates[0] if dates else None),
        expires_at=_instant("expires_at" if "expires_at" in texts else None),
    )


def _instant(column: str | None) -> sql.Composed:
    return sql.SQL("source.{}" if column else "null::timestamptz").format(*([sql.Identifier(column)] if column else []))


def _text(table: str, column: str, kind: str) -> sql.Composed:
    if kind not in _TEXT_OF_TYPE:
        raise UsageProblem(
            f"{table}.{column} cannot be sealed: {kind} has no canonical form yet; add one in audit/canonical.py."
        )
    return sql.SQL(_TEXT_OF_TYPE[kind]).format(sql.SQL("source.{}").format(sql.Identifier(column)))
