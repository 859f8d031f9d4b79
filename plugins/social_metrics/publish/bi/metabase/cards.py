"""Metabase's form of one chart: a native query over the mart, with the reader's filters as optional clauses.

Native, since the open edition has no import and a card must be the same on all its connections.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from social_metrics.publish.bi.definitions import ROWS, Both, Chart, Dashboard
from social_metrics.publish.bi.mart_query import mart_sql, shown_column
from social_metrics.publish.bi.metadata import Mart, Metadata
from social_metrics.publish.bi.texts import DATA_OF, OPEN, ROWS_LABEL, SIMULATED, TITLE_DATE
from social_metrics.publish.page.formats import Language

_DISPLAYS = {"title": "scalar", "table": "table", "number": "scalar", "line": "line", "bar": "bar", "heatmap": "table"}
_SEPARATORS = ",."  # the Indonesian form, in both languages
_DATE_STYLE = {"id": "D/M/YYYY", "en": "D MMMM, YYYY"}
PERIOD = {"from_date": Both(id="Dari tanggal", en="From"), "to_date": Both(id="Sampai tanggal", en="To")}


def card_name(dashboard: Dashboard, chart: Chart, language: Language) -> str:
    """Name of the card, unique in its collection."""
    return f"{dashboard.title.of(language)} · {chart.title.of(language)}"


def card(dashboard: Dashboard, chart: Chart, metadata: Metadata, language: Language, database: int) -> dict[str, Any]:
    """The body of `POST` and `PUT /api/card`, without the collection.

    Args:
        database: the server's id of its connection.
    """
    mart = metadata.marts[chart.mart]
    return {
        "name": card_name(dashboard, chart, language),
        "description": dashboard.note.of(language),
        "type": "question",
        "display": _DISPLAYS[chart.kind],
        "dataset_query": {
            "type": "native",
            "database": database,
            "native": {
                "query": query(dashboard, chart, metadata, language),
                "template-tags": _template_tags(dashboard, chart, mart, metadata, language),
            },
        },
        "visualization_settings": _settings(chart, mart, metadata, language),
    }


def parameters(dashboard: Dashboard, metadata: Metadata, language: Language) -> list[dict[str, Any]]:
    """The filters of a dashboard."""
    found = [
        {"id": name, "slug": name, "name": metadata.label(name, language), "type": "string/=", "sectionId": "string"}
        for name in dashboard.filters
    ]
    if dashboard.period:
        found += [
            {"id": name, "slug": name, "name": both.of(language), "type": "date/single", "sectionId": "date"}
            for name, both in PERIOD.items()
        ]
    return found


def parameter_mappings(dashboard: Dashboard, chart: Chart, metadata: Metadata, number: int) -> list[dict[str, Any]]:
    """The filters and the variables of the card with this id that they set."""
    return [
        {"parameter_id": tag, "card_id": number, "target": ["variable", ["template-tag", tag]]}
        for tag in _tags(dashboard, chart, metadata.marts[chart.mart])
    ]


def query(dashboard: Dashboard, chart: Chart, metadata: Metadata, language: Language) -> str:
    """The SQL; a clause in double square brackets applies only while the reader filters by it."""
    mart = metadata.marts[chart.mart]
    conditions = [_condition(*condition) for condition in chart.conditions()]
    if chart.last_days:  # the reader's period replaces it
        optional_start = f"coalesce([[{{{{from_date}}}},]] current_date - {chart.last_days})"
        conditions.append(f"{mart.date_column} >= {optional_start}")
    optional = [_optional(tag, mart, metadata, language) for tag in _tags(dashboard, chart, mart)]
    select, rest = _select(dashboard, chart, mart, metadata, language)
    where = "\n    ".join(["where true", *(f"and {condition}" for condition in conditions), *optional])
    if chart.series_limit:
        where += f"\n    and {_greatest_series(chart, mart, metadata, language, where)}"
    return (
        f"with mart as not materialized (\n{mart_sql(mart, metadata, language)}\n)\n{select}\nfrom mart\n{where}{rest}"
    )


def without_filters(sql: str) -> str:
    """The query without its optional clauses."""
    return re.sub(r"\[\[.*?\]\]", "", sql)


def _select(dashboard: Dashboard, chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> tuple[str, str]:
    """The select clause, and everything after the conditions."""
    if chart.kind == "title":
        date = f"to_char(max({mart.known_column}), '{TITLE_DATE[language]}')"
        mark = f"case when bool_or(source = 'simulator') then ' · {SIMULATED[language]}' else '' end"
        title = dashboard.title.of(language).replace("'", "''")
        return f"select '{title} · {DATA_OF[language]} ' || {date} || {mark} as \"{title}\"", ""
    axes = [*chart.columns, *(name for name in (chart.x, *chart.by) if name)]
    groups = [f'{_column(name, mart, metadata, language)} as "{metadata.label(name, language)}"' for name in axes]
    if chart.kind == "table" and not chart.metrics:
        order = [_order(name, mart) for name in chart.order]
        ordered = f"\norder by {', '.join(order)}" if order else ""
        return "select\n    " + ",\n    ".join(groups), f"{ordered}\nlimit {chart.limit}"
    figures = [f'{expression} as "{label}"' for label, expression in _figures(chart, mart, metadata, language).items()]
    places = ", ".join(str(place) for place in range(1, len(groups) + 1))
    order_by = f"1 desc\nlimit {chart.limit}" if chart.kind == "table" else places  # a counted table: newest first
    return "select\n    " + ",\n    ".join(
        [*groups, *figures]
    ), f"\ngroup by {places}\norder by {order_by}" if groups else ""


def _order(name: str, mart: Mart) -> str:
    column, direction = (name[1:], " desc") if name.startswith("-") else (name, "")
    is_required = column in mart.columns and mart.columns[column].is_required  # an index can give this order
    return f"{column}{direction}" if is_required else f"{column}{direction} nulls last"


def _figures(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> dict[str, str]:
    """Label → SQL of each figure."""
    found = {}
    for name in (*chart.metrics, *(chart.band or ())):
        if metric := metadata.metric(name, mart):
            found[metric.label if language == "id" else name.replace("_", " ").capitalize()] = metric.expression
        elif name == ROWS:
            found[ROWS_LABEL[language]] = "count(*)"
        else:
            figure = f"{chart.aggregate}({name})"
            found[metadata.label(name, language)] = figure if chart.cap is None else f"least({figure}, {chart.cap})"
    return found


def _column(name: str, mart: Mart, metadata: Metadata, language: Language) -> str:
    # Metabase shows no HTML: the card's settings turn an address into a link.
    return name if name.endswith("url") else shown_column(name, mart, metadata, language)


def _greatest_series(chart: Chart, mart: Mart, metadata: Metadata, language: Language, where: str) -> str:
    """Condition that keeps the greatest series of the selected rows, as Superset does."""
    by = shown_column(chart.by[0], mart, metadata, language)
    order = f"order by max({chart.series_order or by}) desc nulls last limit {chart.series_limit}"
    return f"{by} in (select {by} from mart {where} group by {by} {order})"  # noqa: S608 - names of dbt models


def _condition(name: str, operator: str, value: Any) -> str:
    if operator == "IN":
        return f"{name} in ({', '.join(_literal(each) for each in value)})"
    return f"{name} {'=' if operator == '==' else operator} {_literal(value)}"


def _literal(value: bool | int | str) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()


def _tags(dashboard: Dashboard, chart: Chart, mart: Mart) -> Iterator[str]:
    """Filters that apply to the chart and that its mart has."""
    if chart.is_filtered:
        yield from (name for name in dashboard.filters if mart.has(name))
    if dashboard.period and mart.date_column and chart.follows_period:
        yield from PERIOD


def _optional(tag: str, mart: Mart, metadata: Metadata, language: Language) -> str:
    if tag in PERIOD:
        return f"[[and {mart.date_column} {'>=' if tag == 'from_date' else '<='} {{{{{tag}}}}}]]"
    return f"[[and {shown_column(tag, mart, metadata, language)} = {{{{{tag}}}}}]]"


def _template_tags(
    dashboard: Dashboard, chart: Chart, mart: Mart, metadata: Metadata, language: Language
) -> dict[str, Any]:
    return {
        tag: {
            "id": tag,
            "name": tag,
            "display-name": PERIOD[tag].of(language) if tag in PERIOD else metadata.label(tag, language),
            "type": "date" if tag in PERIOD else "text",
            "required": False,
        }
        for tag in _tags(dashboard, chart, mart)
    }


def _settings(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> dict[str, Any]:
    columns = _column_settings(chart, mart, metadata, language)
    settings: dict[str, Any] = {"column_settings": columns}
    axes = [metadata.label(name, language) for name in (chart.x, *chart.by) if name]
    figures = list(_figures(chart, mart, metadata, language)) if chart.kind not in ("table", "title") else []
    if chart.kind in ("line", "bar"):
        settings |= {
            "graph.dimensions": axes,
            "graph.metrics": figures,
            "stackable.stack_type": "stacked" if chart.stack else None,
            "line.missing": "none",  # by default a line is drawn across a gap
            "series_settings": {name: {"line.missing": "none"} for name in _series(chart, metadata, language, figures)},
        }
    if chart.kind == "heatmap":
        settings |= {
            "table.pivot": True,
            "table.pivot_column": axes[0],
            "table.cell_column": figures[0],
            "table.column_formatting": [
                {
                    "columns": figures,
                    "type": "range",
                    "colors": ["#ffffff", "#c4432b"],
                    "min_type": None,
                    "max_type": None,
                }
            ],
        }
    return settings


def _series(chart: Chart, metadata: Metadata, language: Language, figures: Sequence[str]) -> list[str]:
    """Names of the lines as far as they are known: labels of codes, or the figures."""
    if not chart.by:
        return list(figures)
    return [both.of(language) for both in metadata.codes_of(chart.by[0]).values()]


def _column_settings(
    chart: Chart, mart: Mart, metadata: Metadata, language: Language
) -> Mapping[str, Mapping[str, Any]]:
    """Formats of numbers, dates and addresses, by the column's name in the result."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in (*chart.columns, *([chart.x] if chart.x else [])):
        key = f'["name","{metadata.label(name, language)}"]'
        data_type = mart.columns[name].data_type if name in mart.columns else "text"
        if name.endswith("url"):
            found[key] = {"view_as": "link", "link_text": OPEN[language]}
        elif name == "completeness" or name.endswith("_share"):
            found[key] = {"number_style": "percent", "number_separators": _SEPARATORS, "decimals": 0}
        elif data_type in ("integer", "bigint", "numeric"):
            found[key] = {"number_separators": _SEPARATORS}
        elif data_type in ("date", "timestamp", "timestamptz"):
            found[key] = {"date_style": _DATE_STYLE[language], "date_separator": "/", "time_style": "HH:mm"}
    if chart.kind not in ("table", "title"):
        share = {"number_style": "percent", "decimals": 1} if "%" in chart.format else {}
        for label in _figures(chart, mart, metadata, language):
            found[f'["name","{label}"]'] = {"number_separators": _SEPARATORS, **share}
    return found
