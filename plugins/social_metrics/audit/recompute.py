"""Recomputes a month: sealed evidence, stored seeds and stored SQL, in temporary tables of one transaction.

The tables end with the transaction; staging, intermediate and marts are not read. Each rule is one statement with a
time limit: the protocol's extended form, which a prepared statement has, takes no second one.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.figure_names import current_figures, current_name
from social_metrics.audit.rules import MARTS_OF_A_MONTH, RELATION, RETENTION_MARKER, Rule
from social_metrics.errors import UsageProblem

RULE_SECONDS = 900
"""A rule that computes for longer is cancelled."""

COLUMN_TYPE = re.compile(r"(text|boolean|date|smallint|integer|bigint|double precision|(numeric|character varying)"
                         r"(\(\d+(,\d+)?\))?|timestamp with(out)? time zone)")  # fmt: skip
"""Types that a seed's column may have; they are part of the statement that creates its table."""

_ROWS = """
select {mart}, jsonb_build_array({key})::text, {center}, {account}, to_jsonb(built)
from {relation} as built
where {month}
"""

_MONTH = {
    "fct_center_monthly": "built.month_start = {first}",
    "leaderboard_followers": "built.date_day = ({first} + interval '1 month')::date - 1",
    "leaderboard_recency": "built.date_day = ({first} + interval '1 month')::date - 1",
}
_EVERY_DAY = "built.date_day >= {first} and built.date_day < ({first} + interval '1 month')::date"


# Counts that retention has emptied since: the record has them, and each row's hash is sealed. Counts that no close
# holds stay empty.
_RESTORED = """
with closed as (
    select distinct on (account_code, captured_at) account_code, captured_at, counts
    from (
        select account_code, month_start, version, (figures ->> 'captured_at')::timestamptz as captured_at,
            jsonb_build_object(
                'followers_count', figures -> 'followers_count',
                'followers_precision_step', figures -> 'followers_precision_step',
                'followers_state', figures -> 'followers_state') as counts
        from audit.scorecard_rows
        where mart = 'fct_follower_growth_daily' and figures ->> 'captured_at' is not null
            and figures ->> 'followers_state' <> 'retention_expired'
    ) as days
    order by account_code, captured_at, (month_start, version) = ({month_start}, {version}) desc, version desc
),
present as ({rows})
select * from present where followers_state <> 'retention_expired'
union all
select restored.* from present
left join closed on present.account_code = closed.account_code and present.captured_at = closed.captured_at
cross join lateral jsonb_populate_record(
    null::raw.profile_snapshots, to_jsonb(present) || coalesce(closed.counts, '{{}}')) as restored
where present.followers_state = 'retention_expired'
"""


class UnusableRule(UsageProblem):
    """A rule that cannot be executed; the text names it and says why."""


def with_column_types(connection: psycopg.Connection, rules: Iterable[Rule]) -> list[Rule]:
    """The rules with each seed's column types, as in the table that dbt made.

    Raises:
        UsageProblem: a seed has no table yet, or its columns are not those of the file.
    """
    typed = []
    for rule in rules:
        if rule.kind == "model":
            typed.append(rule)
            continue
        header = next(csv.reader(io.StringIO(rule.content)))
        types: dict[str, str] = dict(
            connection.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute "
                "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
                (rule.name,),
            ).fetchall()
        )
        if list(types) != header:
            raise _stale(rule.name)
        typed.append(replace(rule, column_types=tuple(types[column] for column in header)))
    return typed


def rebuild(
    connection: psycopg.Connection,
    rules: Sequence[Rule],
    *,
    through_seal: int | None,
    retention_as_of: datetime,
    closed: tuple[date, int] | None = None,
) -> None:
    """Build the marts of a month as temporary tables, named by `scratch`; within a transaction.

    Args:
        connection: for a draft as the role recorder, otherwise of `recompute_connection`; within a transaction.
        rules: seeds with their column types, then models in the order of building.
        through_seal: use the rows sealed up to this seal; None uses every row.
        retention_as_of: UTC instant at which retention is judged.
        closed: month and version whose counts replace those that retention has emptied; None leaves them empty.

    Raises:
        UnusableRule: a rule is no single query, exceeds its time, may not do what it tries, or a seed is no table.
    """
    evidence = {table.name: table for table in tables_to_seal(connection)}
    for name in sorted({f"{schema}.{table}" for rule in rules for schema, table in _sources(rule)}):
        table = evidence.get(name)
        if table is None:
            # The state of builds: a month computed as a whole does not need it.
            rows = sql.SQL("select * from {} where false").format(sql.Identifier(*name.split(".")))
        elif through_seal is None:
            rows = sql.SQL("select source.* from {}").format(table.relation)
        else:
            rows = sql.SQL(
                "select source.* from {relation} join audit.sealed_rows as sealed "
                "on sealed.table_name = {name} and sealed.row_key = {key} and sealed.seal_no <= {seal}"
            ).format(relation=table.relation, name=sql.Literal(name), key=table.row_key, seal=sql.Literal(through_seal))
        if name == "raw.profile_snapshots" and closed:
            month_start, version = (sql.Literal(part) for part in closed)
            rows = sql.SQL(_RESTORED).format(rows=rows, month_start=month_start, version=version)
        _make(connection, name, rows)
    for rule in rules:
        try:
            _apply(connection, rule, retention_as_of)
        except (psycopg.Error, ValueError, StopIteration) as error:
            reason = (str(error) or "it is empty").strip().splitlines()[0]
            raise UnusableRule(f"{rule.kind} {rule.name} cannot be executed: {reason}") from error


def _apply(connection: psycopg.Connection, rule: Rule, retention_as_of: datetime) -> None:
    if rule.kind == "model":
        text = RELATION.sub(lambda found: f'pg_temp."{found[1]}__{found[2]}"', rule.content)
        text = text.replace(RETENTION_MARKER, retention_as_of.astimezone(UTC).isoformat())
        _make(connection, rule.name, sql.SQL(text), is_view=rule.materialized == "view")
    else:
        _load_seed(connection, rule)


def scratch(name: str) -> sql.Identifier:
    """The temporary relation in place of schema.name."""
    return sql.Identifier("pg_temp", name.replace(".", "__"))


def rows_of_month(
    connection: psycopg.Connection, mart: str, month_start: date, relation: sql.Identifier
) -> dict[str, tuple[str | None, str | None, dict[str, Any]]]:
    """Center, account and figures by row key: the rows of `relation`, built as `mart`, that belong to the month."""
    columns = {  # as they are named today → as stored rules may name them
        current_name(column): column
        for (column,) in connection.execute(
            "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
            (relation.as_string(connection),),
        )
    }
    if not columns:
        raise UsageProblem(f"marts.{mart} does not exist. Build the marts first: social-metrics transform.")
    first = sql.SQL("{}::date").format(sql.Literal(month_start.isoformat()))
    statement = sql.SQL(_ROWS).format(
        mart=sql.Literal(mart),
        key=sql.SQL(", ").join(
            sql.SQL("built.{}").format(sql.Identifier(columns[name])) for name in MARTS_OF_A_MONTH[mart]
        ),
        center=sql.SQL("built.center_code" if "center_code" in columns else "null"),
        account=sql.SQL("built.account_code" if "account_code" in columns else "null"),
        relation=relation,
        month=sql.SQL(_MONTH.get(mart, _EVERY_DAY)).format(first=first),
    )
    return {row[1]: (row[2], row[3], current_figures(row[4])) for row in connection.execute(statement)}


def refuse_stale_marts(connection: psycopg.Connection, month_start: date) -> None:
    """Refuse when the marts differ from evidence and rules: people have seen other figures.

    Raises:
        UsageProblem: a row of the month differs; the text names the first.
    """
    for mart in MARTS_OF_A_MONTH:
        computed = rows_of_month(connection, mart, month_start, scratch(f"marts.{mart}"))
        shown = rows_of_month(connection, mart, month_start, sql.Identifier("marts", mart))
        for key in sorted(computed.keys() | shown.keys()):
            if computed.get(key) != shown.get(key):
                raise _stale(f"marts.{mart} {key}")


def _stale(place: str) -> UsageProblem:
    return UsageProblem(
        f"{place} differs from today's evidence and rules: the marts are older. "
        "Run `social-metrics transform`, then close again."
    )


def _sources(rule: Rule) -> list[tuple[str, str]]:
    found = RELATION.findall(rule.content) if rule.kind == "model" else []
    return [(schema, table) for schema, table in found if schema in ("raw", "ops")]


def _make(connection: psycopg.Connection, name: str, rows: sql.Composable, *, is_view: bool = False) -> None:
    kind = sql.SQL("create temporary view {} as {}" if is_view else "create temporary table {} on commit drop as {}")
    # Set again before each: a rule may have set it.
    connection.execute(sql.SQL("set local statement_timeout = {}").format(sql.Literal(f"{RULE_SECONDS}s")))
    connection.execute(kind.format(sql.Identifier(name.replace(".", "__")), rows), prepare=True)
    if not is_view:
        connection.execute(sql.SQL("analyze {}").format(scratch(name)))


def _load_seed(connection: psycopg.Connection, rule: Rule) -> None:
    header = [sql.Identifier(column) for column in next(csv.reader(io.StringIO(rule.content)))]
    if wrong := [kind for kind in rule.column_types if not COLUMN_TYPE.fullmatch(kind)]:
        raise ValueError(f"{wrong[0]!r} is no type of a seed's column")
    columns = sql.SQL(", ").join(
        sql.SQL("{} " + kind).format(column) for column, kind in zip(header, rule.column_types, strict=True)
    )
    connection.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(
            sql.Identifier(rule.name.replace(".", "__")), columns
        )
    )
    with connection.cursor().copy(
        sql.SQL("copy {} from stdin (format csv, header true, force_null ({}))").format(
            scratch(rule.name), sql.SQL(", ").join(header)
        )
    ) as copy:
        copy.write(rule.content)
