"""How Superset draws and asks one chart: `params`, by which the page asks, and the query saved for the API."""

import json
from collections.abc import Mapping
from typing import Any

from social_metrics.bi.definitions import ROWS, Chart, Language
from social_metrics.bi.metadata import Mart, Metadata

_VIZ_TYPES = {
    "table": "table",
    "number": "big_number_total",
    "line": "echarts_timeseries_line",
    "bar": "echarts_timeseries_bar",
    "heatmap": "heatmap_v2",
}
_DATE_FORMAT = "%d/%m/%Y"
_TIME_FORMAT = "%d/%m/%Y %H.%M"
_NUMBER_FORMATS = {"integer": ",d", "bigint": ",d", "numeric": ",.2f"}
_ROWS_LABEL = {"id": "Jumlah", "en": "Count"}


def params(chart: Chart, metadata: Metadata, language: Language) -> dict[str, Any]:
    """The chart's `params` (form data), without the dataset, which the import fills in."""
    mart = metadata.marts[chart.mart]
    common = {
        "viz_type": _VIZ_TYPES[chart.kind],
        "adhoc_filters": [
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": name,
                "operator": _operator(value),
                "comparator": _plain(value),
            }
            for name, value in chart.where.items()
        ],
        "time_range": "No filter",
        "granularity_sqla": mart.date_column,
        "row_limit": chart.limit,
    }
    return common | _kind(chart, mart, metadata, language)


def _kind(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> dict[str, Any]:
    if chart.kind == "table":
        return _table(chart, mart, language)
    metric = _metric(chart, mart, metadata, language)
    if chart.kind == "number":
        return {"metric": metric, "y_axis_format": chart.format}
    if chart.kind == "heatmap":
        return {
            "x_axis": chart.x,
            "groupby": chart.by[0],
            "metric": metric,
            "y_axis_format": chart.format,
            "normalize_across": "heatmap",
            "linear_color_scheme": "blue_white_yellow",
            "sort_x_axis": "alpha_asc",
            "sort_y_axis": "alpha_desc",
            "show_values": True,
            "show_legend": True,
            "left_margin": 140,
            "bottom_margin": "auto",
        }
    return {
        "x_axis": chart.x,
        "time_grain_sqla": "P1D" if _is_date(mart, chart.x) else None,
        "metrics": [metric],
        "groupby": list(chart.by),
        "limit": chart.series_limit or 0,
        "timeseries_limit_metric": _series_order(chart, metric),
        "stack": "Stack" if chart.stack else None,
        "y_axis_format": chart.format,
        "x_axis_time_format": _DATE_FORMAT,
        "tooltipTimeFormat": _DATE_FORMAT,
        "truncateYAxis": chart.kind == "line",  # a bar starts at zero, a line need not
        "show_legend": True,
        "rich_tooltip": True,
    }


def _table(chart: Chart, mart: Mart, language: Language) -> dict[str, Any]:
    columns = [mart.in_language(name, language) for name in chart.columns]
    order = [json.dumps([name.removeprefix("-"), not name.startswith("-")]) for name in chart.order]
    moments = {mart.columns[name].data_type for name in columns if _is_date(mart, name)}
    shared = {
        "table_timestamp_format": _DATE_FORMAT if "date" in moments else _TIME_FORMAT,
        "order_by_cols": order,
        "color_pn": False,
        "show_cell_bars": False,
        "column_config": {name: {"d3NumberFormat": form} for name in columns if (form := _number_format(mart, name))},
    }
    if chart.distinct:
        return shared | {"query_mode": "aggregate", "groupby": columns, "metrics": []}
    return shared | {"query_mode": "raw", "all_columns": columns}


def _metric(chart: Chart, mart: Mart, metadata: Metadata, language: Language) -> Any:
    name = chart.metric or ROWS
    known = metadata.metrics.get(name)
    if known is not None and known.mart == mart.name:
        return name
    expression = "count(*)" if name == ROWS else f"max({name})"
    return _ad_hoc(expression, _ROWS_LABEL[language] if name == ROWS else metadata.label(name, language))


def _series_order(chart: Chart, metric: Any) -> Any:
    if chart.series_limit is None:
        return None
    return _ad_hoc(f"max({chart.series_order})", chart.series_order) if chart.series_order else metric


def _ad_hoc(expression: str, label: str) -> dict[str, Any]:
    return {
        "expressionType": "SQL",
        "sqlExpression": expression,
        "label": label,
        "hasCustomLabel": True,
        "optionName": f"metric_{expression}",
    }


def query_context(chart: Chart, drawn: Mapping[str, Any], metadata: Metadata, language: Language) -> dict[str, Any]:
    """The saved query, for `GET /api/v1/chart/{id}/data/`: alerts, reports and exports ask it."""
    mart = metadata.marts[chart.mart]
    query: dict[str, Any] = {
        "filters": [{"col": name, "op": _operator(value), "val": _plain(value)} for name, value in chart.where.items()],
        "time_range": "No filter",
        "granularity": mart.date_column,
        "row_limit": chart.limit,
        "orderby": [[name.removeprefix("-"), not name.startswith("-")] for name in chart.order],
        "columns": [],
        "metrics": [],
    }
    if chart.kind == "table":
        query["columns"] = [mart.in_language(name, language) for name in chart.columns]
        if not chart.distinct:
            query["metrics"] = None  # rows as they are
    else:
        query["metrics"] = [_metric(chart, mart, metadata, language)]
        query["columns"] = [*([_axis(chart, mart)] if chart.x else []), *chart.by]
        if chart.series_limit:
            query |= {"series_columns": list(chart.by), "series_limit": chart.series_limit}
            query["series_limit_metric"] = _series_order(chart, query["metrics"][0])
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": dict(drawn),
        "result_format": "json",
        "result_type": "full",
    }


def _axis(chart: Chart, mart: Mart) -> Any:
    if not _is_date(mart, chart.x):
        return chart.x
    return {
        "timeGrain": "P1D",
        "columnType": "BASE_AXIS",
        "sqlExpression": chart.x,
        "label": chart.x,
        "expressionType": "SQL",
    }


def _is_date(mart: Mart, column: str | None) -> bool:
    return (
        column is not None
        and column in mart.columns
        and mart.columns[column].data_type in ("date", "timestamptz", "timestamp")
    )


def _number_format(mart: Mart, column: str) -> str | None:
    if column == "completeness" or column.endswith("_share"):
        return ".1%"
    return _NUMBER_FORMATS.get(mart.columns[column].data_type) if column in mart.columns else None


def _operator(value: Any) -> str:
    return "IN" if isinstance(value, tuple) else "=="


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
