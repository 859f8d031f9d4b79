"""Metabase's form of one chart: a native query over the mart, with the reader's filters as optional clauses.

Native, since the open edition has no import and a card must be the same on all its connections.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from social_metrics.publish.bi.definitions import Chart, Dashboard
from social_metrics.publish.bi.mart_query import MartQuery
from social_metrics.publish.bi.metadata import Mart, Metadata, is_share
from social_metrics.publish.page.formats import Language
from social_metrics.publish.texts import TEXTS

_DISPLAYS = {"title": "scalar", "number": "scalar", "line": "line", "bar": "bar"}  # all others are tables
_SEPARATORS = ",."  # the Indonesian form, in both languages
_DATE_STYLE = {"id": "D/M/YYYY", "en": "D MMMM, YYYY"}
PERIOD = {"from_date": TEXTS["filter_from"], "to_date": TEXTS["filter_to"]}


def card_name(dashboard: Dashboard, chart: Chart, language: Language) -> str:
    """Name of the card, unique in its collection."""
    return f"{dashboard.title.of(language)} · {chart.title.of(language)}"


def card(dashboard: Dashboard, chart: Chart, metadata: Metadata, language: Language, database: int) -> dict[str, Any]:
    """The body of `POST` and `PUT /api/card`, without the collection.

    Args:
        database: the server's id of its connection.
    """
    asked = MartQuery(metadata.marts[chart.mart], metadata, language)
    return {
        "name": card_name(dashboard, chart, language),
        "description": dashboard.note.of(language),
        "type": "question",
        "display": _DISPLAYS.get(chart.kind, "table"),
        "dataset_query": {
            "type": "native",
            "database": database,
            "native": {
                "query": query(dashboard, chart, metadata, language),
                "template-tags": {tag: _template_tag(tag, asked) for tag in _tags(dashboard, chart, asked.mart)},
            },
        },
        "visualization_settings": _settings(chart, asked),
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
    asked = MartQuery(metadata.marts[chart.mart], metadata, language)
    conditions = [_condition(*condition) for condition in chart.conditions()]
    if chart.last_days:  # the reader's period replaces it
        optional_start = f"coalesce([[{{{{from_date}}}},]] current_date - {chart.last_days})"
        conditions.append(f"{asked.mart.date_column} >= {optional_start}")
    optional = [_optional(tag, asked) for tag in _tags(dashboard, chart, asked.mart)]
    select, rest = _select(dashboard.title.of(language), chart, asked)
    where = "\n    ".join(["where true", *(f"and {condition}" for condition in conditions), *optional])
    if chart.series_limit:
        where += f"\n    and {_greatest_series(chart, asked, where)}"
    return f"with mart as not materialized (\n{asked.sql()}\n)\n{select}\nfrom mart\n{where}{rest}"


def without_filters(sql: str) -> str:
    """The query without its optional clauses."""
    return re.sub(r"\[\[.*?\]\]", "", sql)


def _select(title: str, chart: Chart, query: MartQuery) -> tuple[str, str]:
    """The select clause, and everything after the conditions."""
    if chart.kind == "title":
        quoted, of = title.replace("'", "''"), query.text("chart_data_of")
        return f"select '{quoted} · {of} ' || {query.newest_date} || {query.simulated_mark} as \"{title}\"", ""
    axes = [query.shown(name) for name in (chart.x, *chart.by) if name]
    groups = [f'{name} as "{query.columns[name].label}"' for name in (*query.table(chart), *axes)]
    if chart.is_table and not chart.metrics:
        order = [_order(name, query.mart) for name in chart.order]
        ordered = f"\norder by {', '.join(order)}" if order else ""
        return "select\n    " + ",\n    ".join(groups), f"{ordered}\nlimit {chart.limit}"
    figures = [f'{expression} as "{label}"' for label, expression in query.figures(chart).items()]
    places = ", ".join(str(place) for place in range(1, len(groups) + 1))
    order_by = f"1 desc\nlimit {chart.limit}" if chart.is_table else places  # a counted table: newest first
    return "select\n    " + ",\n    ".join(
        [*groups, *figures]
    ), f"\ngroup by {places}\norder by {order_by}" if groups else ""


def _order(name: str, mart: Mart) -> str:
    column, direction = (name[1:], " desc") if name.startswith("-") else (name, "")
    is_required = column in mart.columns and mart.columns[column].is_required  # an index can give this order
    return f"{column}{direction}" if is_required else f"{column}{direction} nulls last"


def _greatest_series(chart: Chart, query: MartQuery, where: str) -> str:
    """Condition that keeps the greatest series of the selected rows, as Superset does."""
    by = query.shown(chart.by[0])
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


def _optional(tag: str, query: MartQuery) -> str:
    if tag in PERIOD:
        return f"[[and {query.mart.date_column} {'>=' if tag == 'from_date' else '<='} {{{{{tag}}}}}]]"
    return f"[[and {query.shown(tag)} = {{{{{tag}}}}}]]"


def _template_tag(tag: str, query: MartQuery) -> dict[str, Any]:
    is_date = tag in PERIOD
    title = PERIOD[tag].of(query.language) if is_date else query.label(tag)
    return {"id": tag, "name": tag, "display-name": title, "type": "date" if is_date else "text", "required": False}


def _settings(chart: Chart, query: MartQuery) -> dict[str, Any]:
    settings: dict[str, Any] = {"column_settings": _column_settings(chart, query)}
    axes = [query.label(name) for name in (chart.x, *chart.by) if name]
    figures = list(query.figures(chart))
    if chart.kind in ("line", "bar"):
        codes = query.metadata.codes_of(chart.by[0]) if chart.by else {}
        lines = [both.of(query.language) for both in codes.values()] if chart.by else figures
        settings |= {
            "graph.dimensions": axes,
            "graph.metrics": figures,
            "stackable.stack_type": "stacked" if chart.stack else None,
            "line.missing": "none",  # by default a line is drawn across a gap
            "series_settings": {name: {"line.missing": "none"} for name in lines},
        }
    if chart.kind == "heatmap":
        scale = {"type": "range", "colors": ["#ffffff", "#c4432b"], "min_type": None, "max_type": None}
        settings |= {
            "table.pivot": True,
            "table.pivot_column": axes[0],
            "table.cell_column": figures[0],
            "table.column_formatting": [{"columns": figures, **scale}],
        }
    return settings


def _column_settings(chart: Chart, query: MartQuery) -> Mapping[str, Mapping[str, Any]]:
    """Formats of numbers, dates and addresses, by the column's name in the result."""
    share = {"number_style": "percent", "number_separators": _SEPARATORS, "decimals": 1}
    found: dict[str, Mapping[str, Any]] = {}
    for column in (*query.table(chart).values(), *([query.columns[query.shown(chart.x)]] if chart.x else [])):
        key = f'["name","{column.label}"]'
        if column.is_address:
            found[key] = {"view_as": "link", "link_text": query.text("chart_open")}
        elif is_share(column.of):
            found[key] = share
        elif column.data_type in ("integer", "bigint", "numeric"):
            found[key] = {"number_separators": _SEPARATORS}
        elif column.data_type == "date":
            found[key] = {"date_style": _DATE_STYLE[query.language], "date_separator": "/"}
    for label in query.figures(chart):
        found[f'["name","{label}"]'] = share if "%" in chart.format else {"number_separators": _SEPARATORS}
    return found
