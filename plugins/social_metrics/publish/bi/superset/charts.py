"""Superset's form of one chart: `params` for its page, and the query saved for the API."""

import json
from collections.abc import Mapping
from typing import Any

from social_metrics.publish.bi.definitions import ROWS, Both, Chart
from social_metrics.publish.bi.mart_query import ABSENT, SHOWN, shown_column
from social_metrics.publish.bi.metadata import Mart, Metadata
from social_metrics.publish.bi.texts import DATA_OF, ROWS_LABEL, SIMULATED, TITLE_DATE, UP_TO
from social_metrics.publish.page.formats import Language

_VIZ_TYPES = {
    "title": "handlebars",
    "table": "table",
    "number": "big_number_total",
    "line": "echarts_timeseries_line",
    "bar": "echarts_timeseries_bar",
    "heatmap": "heatmap_v2",
}
_HALF = 6
_DATE_FORMAT = "%d/%m/%Y"
_MONTH_FORMAT = "%b %Y"
_TIME_FORMAT = "%d/%m/%Y %H.%M"
_NUMBER_FORMATS = {"integer": ",d", "bigint": ",d", "numeric": ",.2f"}
_FIGURE, _LOWER, _UPPER = "__yhat", "__yhat_lower", "__yhat_upper"
"""Suffixes of the series of a line and of its bounds: Superset draws the area between series with these names."""

_MARK_COLOR = "#6b1f14"


def params(chart: Chart, metadata: Metadata, language: Language, title: Both) -> dict[str, Any]:
    """The chart's `params` (form data), without the dataset, which the import fills in.

    Args:
        title: of its dashboard.
    """
    mart = metadata.marts[chart.mart]
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
        "granularity_sqla": mart.date_column,
        "row_limit": chart.limit,
    }
    return common | _kind(chart, mart, metadata, language, title)


def _kind(chart: Chart, mart: Mart, metadata: Metadata, language: Language, title: Both) -> dict[str, Any]:
    if chart.kind == "table":
        return _table(chart, mart, metadata, language)
    metrics = _metrics(chart, mart, metadata, language)
    if chart.kind == "title":
        return {
            "query_mode": "aggregate",
            "groupby": [],
            "metrics": metrics,
            "handlebarsTemplate": _title(title.of(language), language),
            "styleTemplate": "",
        }
    if chart.kind == "number":
        return {"metric": metrics[0], "y_axis_format": chart.format}
    by = [shown_column(name, mart, metadata, language) for name in chart.by]
    if chart.kind == "heatmap":
        return {
            "x_axis": shown_column(chart.x or "", mart, metadata, language),
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
    is_over_time, time_format = _is_date(mart, chart.x), _MONTH_FORMAT if _is_month(chart.x) else _DATE_FORMAT
    x = shown_column(chart.x or "", mart, metadata, language)
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


def _title(title: str, language: Language) -> str:
    """One line: the dashboard's name, the date of its data, and that it is simulated where it is."""
    date_label, simulated_label = _title_labels(language)
    return (
        "{{#each data}}<b>" + title + f" · {DATA_OF[language]} {{{{this.[{date_label}]}}}}"
        f" {{{{this.[{simulated_label}]}}}}</b>{{{{/each}}}}"
    )


def _title_labels(language: Language) -> tuple[str, str]:
    return ("Tanggal", "Sumber") if language == "id" else ("Date", "Source")


def _table(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> dict[str, Any]:
    columns = [shown_column(name, mart, metadata, language) for name in chart.columns]
    form = {
        "table_timestamp_format": _TIME_FORMAT,
        "color_pn": False,
        "show_cell_bars": False,
        "allow_render_html": True,
    }
    if chart.metrics:
        counted = {"query_mode": "aggregate", "groupby": columns, "column_config": _formats(columns, mart, chart)}
        by_date = {"timeseries_limit_metric": _newest(chart), "order_desc": True}
        return form | counted | by_date | {"metrics": _metrics(chart, mart, metadata, language)}
    figures = {f"{name}{SHOWN}" for name in mart.columns if f"{name}_is_measurable" in mart.columns}
    right = {name: {"horizontalAlign": "right"} for name in columns if name in figures}
    return form | {
        "query_mode": "raw",
        "all_columns": columns,
        "order_by_cols": [json.dumps(entry) for entry in _order(chart, mart)],
        "column_config": _formats(columns, mart, chart) | right,
    }


def _order(chart: Chart, mart: Mart) -> list[list[Any]]:
    """Column and whether ascending, in Superset's form."""
    if chart.kind == "table" and chart.metrics:
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


def _formats(columns: list[str], mart: Mart, chart: Chart) -> dict[str, Any]:
    """d3 formats of a table's numbers and dates."""
    found: dict[str, Any] = {}
    for name in columns:
        data_type = mart.columns[name].data_type if name in mart.columns else "text"
        if name == "completeness" or name.endswith("_share"):
            found[name] = {"d3NumberFormat": ".0%"}
        elif data_type in _NUMBER_FORMATS:
            found[name] = {"d3NumberFormat": _NUMBER_FORMATS[data_type]}
        elif data_type == "date":
            found[name] = {"d3TimeFormat": _DATE_FORMAT}
    if "center_name" in columns and chart.width > _HALF:
        found["center_name"] = {"columnWidth": 200}
    return found


def _metrics(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> list[Any]:
    if chart.kind == "title":
        date_label, simulated_label = _title_labels(language)
        newest = f"to_char(max({mart.known_column}), '{TITLE_DATE[language]}')"
        simulated = f"case when bool_or(source = 'simulator') then '· {SIMULATED[language]}' else '' end"
        return [_sql_metric("title_date", newest, date_label), _sql_metric("title_source", simulated, simulated_label)]
    if chart.band:
        label = metadata.label(chart.metrics[0], language)
        return [
            _sql_metric(name, f"{chart.aggregate}({name})", label + end)
            for name, end in zip((*chart.metrics, *chart.band), (_FIGURE, _LOWER, _UPPER), strict=True)
        ]
    return [_metric(name, chart, mart, metadata, language) for name in chart.metrics]


def _metric(name: str, chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> Any:
    if metadata.metric(name, mart):
        return name
    if name == ROWS:
        return _sql_metric(name, "count(*)", ROWS_LABEL[language])
    expression, label = f"{chart.aggregate}({name})", metadata.label(name, language)
    if chart.cap is not None:
        expression = f"least({expression}, {chart.cap})"
        label += f" ({UP_TO[language].format(cap=chart.cap)})"
    return _sql_metric(name, expression, label)


def _series_order(chart: Chart, metric: Any) -> Any:
    if chart.series_limit is None:
        return None
    name = chart.series_order
    # PostgreSQL sorts nulls first: a series without a figure would take the place of another.
    return _sql_metric(name, f"coalesce(max({name}), 0)", name) if name else metric


def _sql_metric(name: str, expression: str, label: str | None = None) -> dict[str, Any]:
    return {
        "expressionType": "SQL",
        "sqlExpression": expression,
        "label": label or name,
        "hasCustomLabel": True,
        "optionName": f"metric_{name}",
    }


def query_context(chart: Chart, drawn: Mapping[str, Any], metadata: Metadata, language: Language) -> dict[str, Any]:
    """The saved query, for `GET /api/v1/chart/{id}/data/`: alerts, reports and exports use it."""
    mart = metadata.marts[chart.mart]
    query: dict[str, Any] = {
        "filters": [{"col": name, "op": operator, "val": value} for name, operator, value in chart.conditions()],
        "time_range": _time_range(chart),
        "granularity": mart.date_column,
        "row_limit": chart.limit,
        "orderby": _order(chart, mart),
        "columns": [],
        "metrics": [],
    }
    if chart.kind == "table":
        query["columns"] = [shown_column(name, mart, metadata, language) for name in chart.columns]
        query["metrics"] = _metrics(chart, mart, metadata, language) or None  # None: rows as they are
    else:
        query["metrics"] = _metrics(chart, mart, metadata, language)
        by = [shown_column(name, mart, metadata, language) for name in chart.by]
        query["columns"] = [*([_axis(chart, mart, metadata, language)] if chart.x else []), *by]
        if chart.series_limit:
            query |= {"series_columns": by, "series_limit": chart.series_limit}
            query["series_limit_metric"] = _series_order(chart, query["metrics"][0])
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": dict(drawn),
        "result_format": "json",
        "result_type": "full",
    }


def marks(chart: Chart, marking: Chart, metadata: Metadata, language: Language, number: int) -> dict[str, Any]:
    """The layer that draws the rows of another chart as marks, for `annotation_layers`.

    Args:
        chart: a line or bar over time.
        marking: the table whose rows are drawn.
        number: the server's id of that table; layers have no UUIDs.
    """
    mart = metadata.marts[marking.mart]
    return {
        "name": marking.title.of(language),
        "annotationType": "EVENT",
        "sourceType": "table",
        "value": number,
        "timeColumn": marking.columns[0],
        "titleColumn": shown_column(marking.columns[1], mart, metadata, language),
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


def _axis(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> Any:
    if not _is_date(mart, chart.x):
        return shown_column(chart.x or "", mart, metadata, language)
    return {
        "timeGrain": _grain(mart, chart.x),
        "columnType": "BASE_AXIS",
        "sqlExpression": chart.x,
        "label": chart.x,
        "expressionType": "SQL",
    }


def is_instant(data_type: str) -> bool:
    """Whether a column of this type is a date or a time."""
    return data_type in ("date", "timestamptz", "timestamp")


def _is_month(column: str | None) -> bool:
    return column == "month_start"


def _grain(mart: Mart, column: str | None) -> str | None:
    """Time grain of an axis as an ISO 8601 duration."""
    if not _is_date(mart, column):
        return None
    return "P1M" if _is_month(column) else "P1D"


def _is_date(mart: Mart, column: str | None) -> bool:
    return column is not None and column in mart.columns and is_instant(mart.columns[column].data_type)
