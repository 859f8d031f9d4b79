"""Superset's form of one chart: `params` for its page, and the query saved for the API."""

import json
from collections.abc import Mapping
from typing import Any

from social_metrics.publish.bi.definitions import Chart
from social_metrics.publish.bi.mart_query import ABSENT, MartQuery, Shown
from social_metrics.publish.bi.metadata import Mart, is_share

_VIZ_TYPES = {
    "title": "handlebars",
    "table": "table",
    "links": "handlebars",
    "number": "big_number_total",
    "line": "echarts_timeseries_line",
    "bar": "echarts_timeseries_bar",
    "heatmap": "heatmap_v2",
}
_HALF = 6
_MONTH = "month_start"
_DATE_FORMAT = "%d/%m/%Y"
_MONTH_FORMAT = "%b %Y"
_NUMBER_FORMATS = {"integer": ",d", "bigint": ",d", "numeric": ",.2f"}
_FIGURE, _LOWER, _UPPER = "__yhat", "__yhat_lower", "__yhat_upper"
"""Suffixes of the series of a line and of its bounds: Superset draws the area between series with these names."""

_MARK_COLOR = "#6b1f14"
_LINKED_STYLE = "table { width: 100%; } th, td { padding: 4px 8px; text-align: left; border-bottom: 1px solid #ddd; }"


def params(chart: Chart, query: MartQuery, title: str) -> dict[str, Any]:
    """The chart's `params` (form data), without the dataset, which the import fills in.

    Args:
        query: of its mart.
        title: of its dashboard.
    """
    common = {
        "viz_type": _VIZ_TYPES[chart.kind],
        "adhoc_filters": [
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": name,
                "operator": operator,
                "comparator": value,
            }
            for name, operator, value in chart.conditions()
        ],
        "time_range": _time_range(chart),
        "granularity_sqla": query.mart.date_column,
        "row_limit": chart.limit,
    }
    return common | _kind(chart, query, title)


def _kind(chart: Chart, query: MartQuery, title: str) -> dict[str, Any]:
    if chart.is_table:
        return _table(chart, query)
    metrics, mart = _metrics(chart, query), query.mart
    if chart.kind == "title":
        return {
            "query_mode": "aggregate",
            "groupby": [],
            "metrics": metrics,
            "handlebarsTemplate": _title(title, query),
            "styleTemplate": "",
        }
    if chart.kind == "number":
        return {"metric": metrics[0], "y_axis_format": chart.format}
    x, by = query.shown(chart.x or ""), [query.shown(name) for name in chart.by]
    if chart.kind == "heatmap":
        return {
            "x_axis": x,
            "time_grain_sqla": _grain(mart, chart.x),
            "x_axis_time_format": "%d/%m",
            "groupby": by[0],
            "metric": metrics[0],
            "y_axis_format": chart.format,
            "normalize_across": "heatmap",
            "linear_color_scheme": chart.colors,
            "sort_x_axis": "alpha_asc",
            "sort_y_axis": "alpha_desc",
            "show_values": not _is_date(mart, chart.x),
            "show_legend": True,
            "left_margin": 20,
            "bottom_margin": 20,
            "x_axis_label_rotation": 30 if chart.width > _HALF else 60,  # narrow cells are too small for it
            "xscale_interval": -1 if _is_date(mart, chart.x) else 1,
            "yscale_interval": 1,
        }
    is_over_time, time_format = _is_date(mart, chart.x), _MONTH_FORMAT if chart.x == _MONTH else _DATE_FORMAT
    return {
        "x_axis": x,
        "time_grain_sqla": _grain(mart, chart.x),
        "metrics": metrics,
        "groupby": by,
        "limit": chart.series_limit or 0,
        "timeseries_limit_metric": _series_order(chart, metrics[0]),
        "stack": "Stack" if chart.stack else None,
        "y_axis_format": chart.format,
        "x_axis_time_format": time_format,
        "tooltipTimeFormat": time_format,
        "orientation": "horizontal" if chart.horizontal else "vertical",
        # The axis of several series is sorted by "name", else by its column; a horizontal one starts at the bottom.
        **({} if is_over_time else {"x_axis_sort": "name" if by else x, "x_axis_sort_asc": not chart.horizontal}),
        "xAxisLabelRotation": 0 if is_over_time or chart.horizontal else 30,
        "xAxisLabelInterval": "auto" if is_over_time else "0",
        # A bar starts at zero, a line need not; an area is drawn from the difference of its bounds, so its axis does.
        "truncateYAxis": chart.kind == "line" and chart.band is None,
        "y_axis_bounds": [0, 1] if "%" in chart.format else [None, None],  # a share's axis would reach 102 %
        "connectNulls": False,  # a day without a figure stays empty
        "markerEnabled": chart.kind == "line",  # a day between two gaps has no line
        "markerSize": 3,
        "opacity": 0.25,  # of the area between two bounds
        "show_legend": chart.band is None,  # a legend would hide the area
        "rich_tooltip": True,
    }


def _time_range(chart: Chart) -> str:
    """Without an end: Superset's own "last N days" excludes today."""
    return f"DATEADD(DATETIME('today'), -{chart.last_days}, DAY) : " if chart.last_days else "No filter"


def _title(title: str, query: MartQuery) -> str:
    """One line: the dashboard's name, the date of its data, and that it is simulated where it is."""
    of = query.text("chart_data_of")
    return f"{{{{#each data}}}}<b>{title} · {of} {{{{this.date}}}}{{{{this.mark}}}}</b>{{{{/each}}}}"


def _table(chart: Chart, query: MartQuery) -> dict[str, Any]:
    columns = query.table(chart)
    if chart.metrics:
        return {
            "query_mode": "aggregate",
            "groupby": list(columns),
            "metrics": _metrics(chart, query),
            "timeseries_limit_metric": _newest(chart),
            "order_desc": True,
            "column_config": _formats(columns, chart),
        }
    rows = {
        "query_mode": "raw",
        "all_columns": list(columns),
        "order_by_cols": [json.dumps(entry) for entry in _order(chart, query.mart)],
    }
    if chart.kind == "links":
        return rows | {
            "handlebarsTemplate": _linked_rows(columns, query.text("chart_open")),
            "styleTemplate": _LINKED_STYLE,
        }
    plain = {"color_pn": False, "show_cell_bars": False, "allow_render_html": False}
    return rows | plain | {"column_config": _formats(columns, chart)}


def _linked_rows(columns: Mapping[str, Shown], open_it: str) -> str:
    """A table as Handlebars: Superset's own table shows an address as text, and a download needs the address alone."""

    def cell(name: str, column: Shown) -> str:
        if column.is_address:
            link = f'<a href="{{{{this.{name}}}}}" target="_blank" rel="noopener">{open_it}</a>'
            return f"{{{{#if this.{name}}}}}{link}{{{{/if}}}}"
        if column.data_type == "date":  # a number of milliseconds; Indonesia is east of UTC, so the day stays
            return f'{{{{dateFormat this.{name} format="DD/MM/YYYY"}}}}'
        is_number = column.data_type in _NUMBER_FORMATS
        return f'{{{{formatNumber this.{name} locale="id-ID"}}}}' if is_number else f"{{{{this.{name}}}}}"

    titles = "".join(f"<th>{column.label}</th>" for column in columns.values())
    cells = "".join(f"<td>{cell(name, column)}</td>" for name, column in columns.items())
    body = f"{{{{#each data}}}}<tr>{cells}</tr>{{{{/each}}}}"
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _order(chart: Chart, mart: Mart) -> list[list[Any]]:
    """Column and whether ascending, in Superset's form."""
    if chart.metrics and chart.is_table:
        return [[_newest(chart), False]]
    found: list[list[Any]] = []
    for name in chart.order:
        column, ascending = name.removeprefix("-"), not name.startswith("-")
        always = column not in mart.columns or mart.columns[column].is_required
        if not ascending and not always:  # PostgreSQL sorts nulls first
            found.append([column + ABSENT, True])
        found.append([column, ascending])
    return found


def _newest(chart: Chart) -> dict[str, Any]:
    """Sort key of a table with metrics, descending: its first column, a date."""
    return _sql_metric(f"{chart.columns[0]}_order", f"max({chart.columns[0]})")


def _formats(columns: Mapping[str, Shown], chart: Chart) -> dict[str, Any]:
    """d3 formats of a table's numbers and dates."""
    found: dict[str, Any] = {}
    for name, column in columns.items():
        if is_share(column.of):
            found[name] = {"d3NumberFormat": ".1%"}
        elif column.of.startswith("change_"):
            found[name] = {"d3NumberFormat": "+,d"}
        elif column.data_type in _NUMBER_FORMATS:
            found[name] = {"d3NumberFormat": _NUMBER_FORMATS[column.data_type]}
        elif column.data_type == "date":
            found[name] = {"d3TimeFormat": _DATE_FORMAT}
    if "center_name" in columns and chart.width > _HALF:
        found["center_name"] = {"columnWidth": 200}
    return found


def _metrics(chart: Chart, query: MartQuery) -> list[Any]:
    if chart.kind == "title":
        return [_sql_metric("date", query.newest_date), _sql_metric("mark", query.simulated_mark)]
    figures = query.figures(chart)
    if chart.band:
        label = next(iter(figures))
        ends = (_FIGURE, _LOWER, _UPPER)
        return [_sql_metric(label + end, sql) for end, sql in zip(ends, figures.values(), strict=True)]
    return [_sql_metric(label, sql) for label, sql in figures.items()]


def _series_order(chart: Chart, metric: Any) -> Any:
    if chart.series_limit is None:
        return None
    name = chart.series_order
    # PostgreSQL sorts nulls first: a series without a figure would take the place of another.
    return _sql_metric(name, f"coalesce(max({name}), 0)") if name else metric


def _sql_metric(label: str, expression: str) -> dict[str, Any]:
    return {
        "expressionType": "SQL",
        "sqlExpression": expression,
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{label}",
    }


def query_context(chart: Chart, drawn: Mapping[str, Any], query: MartQuery) -> dict[str, Any]:
    """The saved query, for `GET /api/v1/chart/{id}/data/`: alerts, reports and exports use it."""
    asked: dict[str, Any] = {
        "filters": [{"col": name, "op": operator, "val": value} for name, operator, value in chart.conditions()],
        "time_range": _time_range(chart),
        "granularity": query.mart.date_column,
        "row_limit": chart.limit,
        "orderby": _order(chart, query.mart),
        "metrics": _metrics(chart, query),
    }
    if chart.is_table:
        asked["columns"] = list(query.table(chart))
        asked["metrics"] = asked["metrics"] or None  # None: rows as they are
    else:
        by = [query.shown(name) for name in chart.by]
        asked["columns"] = [*([_axis(chart, query)] if chart.x else []), *by]
        if chart.series_limit:
            asked |= {"series_columns": by, "series_limit": chart.series_limit}
            asked["series_limit_metric"] = _series_order(chart, asked["metrics"][0])
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [asked],
        "form_data": dict(drawn),
        "result_format": "json",
        "result_type": "full",
    }


def marks(chart: Chart, marking: Chart, query: MartQuery, number: int) -> dict[str, Any]:
    """The layer that draws the rows of another chart as marks, for `annotation_layers`.

    Args:
        chart: a line or bar over time.
        marking: the table whose rows are drawn.
        query: of the table's mart.
        number: the server's id of that table; layers have no UUIDs.
    """
    return {
        "name": marking.title.of(query.language),
        "annotationType": "EVENT",
        "sourceType": "table",
        "value": number,
        "timeColumn": marking.columns[0],
        "titleColumn": query.shown(marking.columns[1]),
        "descriptionColumns": [],
        "intervalEndColumn": "",
        "overrides": {"time_range": _time_range(chart)},
        "show": True,
        "showLabel": True,
        "showMarkers": False,
        "hideLine": False,
        "style": "dashed",
        "color": _MARK_COLOR,
        "opacity": "",
        "width": 1,
    }


def _axis(chart: Chart, query: MartQuery) -> Any:
    if not _is_date(query.mart, chart.x):
        return query.shown(chart.x or "")
    return {
        "timeGrain": _grain(query.mart, chart.x),
        "columnType": "BASE_AXIS",
        "sqlExpression": chart.x,
        "label": chart.x,
        "expressionType": "SQL",
    }


def is_instant(data_type: str) -> bool:
    """Whether a column of this type is a date or a time."""
    return data_type in ("date", "timestamptz", "timestamp")


def _grain(mart: Mart, column: str | None) -> str | None:
    """Time grain of an axis as an ISO 8601 duration."""
    if not _is_date(mart, column):
        return None
    return "P1M" if column == _MONTH else "P1D"


def _is_date(mart: Mart, column: str | None) -> bool:
    return column is not None and column in mart.columns and is_instant(mart.columns[column].data_type)
