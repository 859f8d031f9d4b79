"""The query under every chart of a mart: its columns, center names, and readable forms of codes and figures.

Every tool queries the marts through it, so that labels and figures are the same everywhere.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from social_metrics.publish.bi.definitions import IS_LATEST
from social_metrics.publish.bi.metadata import Mart, Metadata
from social_metrics.publish.bi.texts import NOT_MEASURABLE, OPEN
from social_metrics.publish.page.formats import Language

SCHEMA = "marts"
SHOWN = "_shown"
"""Suffix of a column with the readable form of another column."""

ABSENT = "_is_absent"
"""Suffix of a column that is true where another column is null; sorts such rows last."""

NOTHING = "–"
"""Shown in place of a missing text."""

_LISTED = {"platforms_posted": "platform"}
"""Text columns that list codes, separated by a comma and a space → column of these codes.

In monthly marts a column of this name is a number."""


@dataclass(frozen=True)
class Shown:
    """A column of the query: its SQL, its type, and the mart's column that it shows."""

    expression: str
    data_type: str
    of: str


def query_columns(mart: Mart, metadata: Metadata, language: Language) -> dict[str, Shown]:
    """All columns of the query by name, in order."""
    columns = {name: Shown(f"facts.{name}", column.data_type, name) for name, column in mart.columns.items()}
    columns |= {name: Shown(f"centers.{name}", "text", name) for name in mart.center_columns}
    if mart.date_column:
        newest = f"(select max({mart.date_column}) from {SCHEMA}.{mart.name})"  # noqa: S608 - names of dbt models
        columns[IS_LATEST] = Shown(f"facts.{mart.date_column} = {newest}", "boolean", IS_LATEST)
    readable = {name: _readable(name, mart, metadata, language) for name in mart.columns}
    return columns | {f"{name}{SHOWN}": Shown(sql, "text", name) for name, sql in readable.items() if sql}


def absence_columns(absences: Collection[str]) -> dict[str, Shown]:
    """Columns that are true where the given columns are null, by name."""
    return {f"{name}{ABSENT}": Shown(f"(facts.{name} is null)", "boolean", name) for name in absences}


def shown_column(column: str, mart: Mart, metadata: Metadata, language: Language) -> str:
    """Name of the column that people see: of a pair the language's own, and its readable form where it has one."""
    own = mart.in_language(column, language)
    readable = f"{own}{SHOWN}"
    return readable if readable in query_columns(mart, metadata, language) else own


def mart_sql(mart: Mart, metadata: Metadata, language: Language, absences: Collection[str] = ()) -> str:
    """The query.

    Args:
        absences: columns with a column of their own that is true where they are null, for tools without NULLS LAST.
    """
    columns = query_columns(mart, metadata, language) | absence_columns(absences)
    listed = ",\n    ".join(
        shown.expression if shown.expression == f"facts.{name}" else f"{shown.expression} as {name}"
        for name, shown in columns.items()
    )
    joined = ""
    if mart.center_columns:
        # Distinct by the join key: PostgreSQL drops such a join from queries that use none of its columns.
        named = ", ".join(("center_code", *mart.center_columns))
        joined = (
            f"\nleft join (\n    select distinct on (center_code) {named}"  # noqa: S608 - names of dbt models
            f"\n    from {SCHEMA}.dim_centers\n    where is_current"
            "\n) as centers on facts.center_code = centers.center_code"
        )
    return f"select\n    {listed}\nfrom {SCHEMA}.{mart.name} as facts{joined}"


def _readable(name: str, mart: Mart, metadata: Metadata, language: Language) -> str | None:
    """SQL of a column's readable form; None where the column needs none."""
    column = mart.columns[name]
    if f"{name}_is_measurable" in mart.columns:
        return _change(name, mart, metadata, language)
    if name == "best_rank":
        return (
            "facts.best_rank || case when facts.worst_rank > facts.best_rank then '–' || facts.worst_rank else '' end"
        )
    if name.endswith("url"):
        safe = f"replace(replace(facts.{name}, '\"', '%22'), '<', '%3C')"
        link = f"""'<a href="' || {safe} || '" target="_blank" rel="noopener">{OPEN[language]}</a>'"""
        return f"coalesce({link}, '{NOTHING}')"
    if name in _LISTED and column.data_type == "text":
        labels = {code: both.of(language) for code, both in metadata.codes_of(_LISTED[name]).items()}
        label = _labelled("code", labels)
        each = f"array(select {label} from unnest(string_to_array(facts.{name}, ', ')) as code)"  # noqa: S608 - names of dbt models
        return f"coalesce(nullif(array_to_string({each}, ', '), ''), '{NOTHING}')"
    if codes := metadata.codes_of(name):
        return _labelled(f"facts.{name}", {code: both.of(language) for code, both in codes.items()})
    if column.data_type == "text" and not column.is_required:
        return f"coalesce(facts.{name}, '{NOTHING}')"
    return None


def _change(name: str, mart: Mart, metadata: Metadata, language: Language) -> str:
    """A change with its sign and bounds, or the reason why there is none."""
    figure = _signed(f"facts.{name}")
    low, high = f"facts.{name}_low", f"facts.{name}_high"
    bounds = ""
    if f"{name}_low" in mart.columns:
        between = f"{_signed(low)} || ' … ' || {_signed(high)}"
        bounds = f" || case when {low} < {high} then ' (' || {between} || ')' else '' end"
    absent = f"'{NOTHING}'"
    if f"{name}_null_reason" in mart.columns:
        codes = metadata.codes_of(f"{name}_null_reason")
        absent = _labelled(f"facts.{name}_null_reason", {code: both.of(language) for code, both in codes.items()})
    return (
        f"case when facts.{name} is null then {absent} "
        f"when not facts.{name}_is_measurable then '{NOT_MEASURABLE[language]}'{bounds} else {figure}{bounds} end"
    )


def _signed(figure: str) -> str:
    # The Indonesian format in both languages, as the server formats all other figures of a page.
    digits = f"replace(to_char({figure}, 'FM999,999,999,990'), ',', '.')"
    return f"case when {figure} > 0 then '+' else '' end || {digits}"


def _labelled(column: str, labels: Mapping[str, str]) -> str:
    cases = " ".join(f"when {_quoted(code)} then {_quoted(label)}" for code, label in labels.items())
    return f"case {column} {cases} else coalesce({column}, '{NOTHING}') end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
