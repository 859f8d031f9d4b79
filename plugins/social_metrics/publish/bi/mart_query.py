"""The query beneath every chart of a mart: its columns, its centers' names, and each code and figure as people read it.

Every tool asks the marts through this query, so that none can word or count them in its own way.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from social_metrics.publish.bi.definitions import IS_LATEST, Language
from social_metrics.publish.bi.metadata import Mart, Metadata

SCHEMA = "marts"
SHOWN = "_shown"
"""Ends the name of a column that says in words what the column before it holds."""

ABSENT = "_is_absent"
"""Ends the name of a column that is true where the column before it holds nothing: what sorts such rows last."""

NOTHING = "–"
"""Stands where a text is absent."""

_LISTED = {"platforms_posted": "platform"}
"""Texts that list codes, a comma and a space between (a mart of months has their number): the codes' own column."""

_OPEN = {"id": "buka", "en": "open"}
_NOT_MEASURABLE = {"id": "tidak terukur", "en": "not measurable"}


@dataclass(frozen=True)
class Shown:
    """A column of the query: its SQL, its type, and the mart's column that it is or tells."""

    expression: str
    data_type: str
    of: str


def query_columns(mart: Mart, metadata: Metadata, language: Language) -> dict[str, Shown]:
    """Every column of the query by name, in order."""
    columns = {name: Shown(f"facts.{name}", column.data_type, name) for name, column in mart.columns.items()}
    columns |= {name: Shown(f"centers.{name}", "text", name) for name in mart.borrowed}
    if mart.date_column:
        newest = f"(select max({mart.date_column}) from {SCHEMA}.{mart.name})"  # noqa: S608 - names of dbt models
        columns[IS_LATEST] = Shown(f"facts.{mart.date_column} = {newest}", "boolean", IS_LATEST)
    told = {name: _told(name, mart, metadata, language) for name in mart.columns}
    return columns | {f"{name}{SHOWN}": Shown(sql, "text", name) for name, sql in told.items() if sql}


def absence_columns(absences: Collection[str]) -> dict[str, Shown]:
    """The columns that say whether these hold nothing, by name."""
    return {f"{name}{ABSENT}": Shown(f"(facts.{name} is null)", "boolean", name) for name in absences}


def shown_column(column: str, mart: Mart, metadata: Metadata, language: Language) -> str:
    """What a person is shown for a column: the language's own of a pair, its telling one, or the column itself."""
    own = mart.in_language(column, language)
    told = f"{own}{SHOWN}"
    return told if told in query_columns(mart, metadata, language) else own


def mart_sql(mart: Mart, metadata: Metadata, language: Language, absences: Collection[str] = ()) -> str:
    """The query.

    Args:
        absences: columns that get another which says whether they hold nothing, for tools that cannot sort that last.
    """
    columns = query_columns(mart, metadata, language) | absence_columns(absences)
    listed = ",\n    ".join(
        shown.expression if shown.expression == f"facts.{name}" else f"{shown.expression} as {name}"
        for name, shown in columns.items()
    )
    joined = ""
    if mart.borrowed:
        # Distinct by what is joined on: PostgreSQL leaves such a join out of every question that asks nothing of it.
        named = ", ".join(("center_code", *mart.borrowed))
        joined = (
            f"\nleft join (\n    select distinct on (center_code) {named}"  # noqa: S608 - names of dbt models
            f"\n    from {SCHEMA}.dim_centers\n    where is_current"
            "\n) as centers on facts.center_code = centers.center_code"
        )
    return f"select\n    {listed}\nfrom {SCHEMA}.{mart.name} as facts{joined}"


def _told(name: str, mart: Mart, metadata: Metadata, language: Language) -> str | None:
    """SQL of a column in words, or None where the column speaks for itself."""
    column = mart.columns[name]
    if f"{name}_is_measurable" in mart.columns:
        return _change(name, mart, metadata, language)
    if name == "best_rank":
        return (
            "facts.best_rank || case when facts.worst_rank > facts.best_rank then '–' || facts.worst_rank else '' end"
        )
    if name.endswith("url"):
        safe = f"replace(replace(facts.{name}, '\"', '%22'), '<', '%3C')"
        link = f"""'<a href="' || {safe} || '" target="_blank" rel="noopener">{_OPEN[language]}</a>'"""
        return f"coalesce({link}, '{NOTHING}')"
    if name in _LISTED and column.data_type == "text":
        labels = {code: both.of(language) for code, both in metadata.codes_of(_LISTED[name]).items()}
        told = _labelled("code", labels)
        each = f"array(select {told} from unnest(string_to_array(facts.{name}, ', ')) as code)"  # noqa: S608 - names of dbt models
        return f"coalesce(nullif(array_to_string({each}, ', '), ''), '{NOTHING}')"
    if codes := metadata.codes_of(name):
        return _labelled(f"facts.{name}", {code: both.of(language) for code, both in codes.items()})
    if column.data_type == "text" and not column.is_required:
        return f"coalesce(facts.{name}, '{NOTHING}')"
    return None


def _change(name: str, mart: Mart, metadata: Metadata, language: Language) -> str:
    """A change with its sign and the bounds between which it lies, or why there is none."""
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
        f"when not facts.{name}_is_measurable then '{_NOT_MEASURABLE[language]}'{bounds} else {figure}{bounds} end"
    )


def _signed(figure: str) -> str:
    # Of the Indonesian form in both languages, as the server writes all other figures of a page.
    digits = f"replace(to_char({figure}, 'FM999,999,999,990'), ',', '.')"
    return f"case when {figure} > 0 then '+' else '' end || {digits}"


def _labelled(column: str, labels: Mapping[str, str]) -> str:
    cases = " ".join(f"when {_quoted(code)} then {_quoted(label)}" for code, label in labels.items())
    return f"case {column} {cases} else coalesce({column}, '{NOTHING}') end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
