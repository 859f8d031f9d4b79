"""Writes the dashboards as Superset's import bundle: a zip of YAML whose UUIDs never change (Superset 6)."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID, uuid5

import yaml

from social_metrics.publish.bi.definitions import COLUMNS, Chart, Dashboard
from social_metrics.publish.bi.logins import STATEMENT_SECONDS
from social_metrics.publish.bi.mart_query import SCHEMA, MartQuery
from social_metrics.publish.bi.metadata import Mart, Metadata
from social_metrics.publish.bi.superset.charts import is_instant, params, query_context
from social_metrics.publish.page.formats import LANGUAGES, Language
from social_metrics.publish.texts import text

OURS = "social-metrics"
"""In `certified_by`: marks what an import created and may remove."""

NAMESPACE = UUID("5b0f3e0e-6f1c-5a53-9a58-6e1a6a0c1d11")
DATABASE = "social_metrics"
DATABASE_FILE = f"databases/{DATABASE}.yaml"

BAND_COLORS = {
    "fresh": "#1a7f5a",
    "recent": "#7bc8a4",
    "stale": "#f0c04a",
    "silent": "#c4432b",
    "never": "#6b1f14",
    "unknown": "#9a9a9a",
}

_VERSION = "1.0.0"
_EPOCH = "2026-01-01T00:00:00+00:00"  # fixed, so that the same definitions always give the same bytes
_ZIP_DATE = (2026, 1, 1, 0, 0, 0)
_LINE = 150  # characters of a note in one line


def identity(*parts: str) -> str:
    """The UUID of the object with this name, the same on every server."""
    return str(uuid5(NAMESPACE, "/".join(parts)))


def chart_uuid(dashboard: Dashboard, chart: Chart, language: Language) -> str:
    """The chart's UUID."""
    return identity("chart", dashboard.slug, chart.key, language)


def slug(dashboard: Dashboard, language: Language) -> str:
    """The end of the dashboard's address; the Indonesian one has no suffix."""
    return dashboard.slug if language == "id" else f"{dashboard.slug}-{language}"


def password_of(warehouse_url: str) -> str:
    """The password; it is sent beside the bundle, never in it."""
    return unquote(urlsplit(warehouse_url).password or "")


def marts_of(dashboards: list[Dashboard], metadata: Metadata) -> list[Mart]:
    """The marts of the dashboards, by name."""
    return [metadata.marts[name] for name in sorted({name for dashboard in dashboards for name in dashboard.marts()})]


def bundle(definitions: Mapping[str, Mapping[str, Any]], warehouse_url: str) -> bytes:
    """The zip for `POST /api/v1/assets/import/`; it contains no password.

    Args:
        definitions: result of `assets`.
        warehouse_url: postgresql://… of Superset's login, as Superset's machine reaches the warehouse.
    """
    files: dict[str, Any] = {
        "metadata.yaml": {"version": _VERSION, "type": "assets", "timestamp": _EPOCH},
        DATABASE_FILE: _database(warehouse_url),
        **definitions,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            archive.writestr(zipfile.ZipInfo(f"bundle/{path}", _ZIP_DATE), text)
    return packed.getvalue()


def assets(dashboards: list[Dashboard], metadata: Metadata) -> dict[str, dict[str, Any]]:
    """Path in the bundle → dataset, chart or dashboard.

    Charts and dashboards have the fingerprint of their definition in `certification_details`, charts including their
    dataset. It shows whether a server has the same definition already.
    """
    files: dict[str, dict[str, Any]] = {}
    marts = marts_of(dashboards, metadata)
    for language in LANGUAGES:
        datasets = {mart.name: _dataset(mart, metadata, language, _sorted_last(dashboards, mart)) for mart in marts}
        files |= {f"datasets/{DATABASE}/{name}_{language}.yaml": dataset for name, dataset in datasets.items()}
        for dashboard in dashboards:
            for chart in dashboard.charts:
                content = _chart(dashboard, chart, metadata, language)
                file = f"charts/{slug(dashboard, language)}_{chart.key}.yaml"
                files[file] = content | {"certification_details": _fingerprint(content, datasets[chart.mart])}
            content = _dashboard(dashboard, metadata, language)
            file = f"dashboards/{slug(dashboard, language)}.yaml"
            files[file] = content | {"certification_details": _fingerprint(content)}
    return files


def _fingerprint(*contents: Mapping[str, Any]) -> str:
    return "definition " + hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:12]


def _database(warehouse_url: str) -> dict[str, Any]:
    parts = urlsplit(warehouse_url)
    place = f"{parts.username}:XXXXXXXXXX@{parts.hostname}:{parts.port or 5432}"  # Superset's own mask
    options = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s"
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": urlunsplit(("postgresql+psycopg2", place, parts.path, "", "")),
        "expose_in_sqllab": True,
        "allow_dml": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_file_upload": False,
        "extra": {"engine_params": {"connect_args": {"options": options}}},
        "uuid": identity("database"),
        "version": _VERSION,
    }


def _sorted_last(dashboards: list[Dashboard], mart: Mart) -> list[str]:
    """Nullable columns by which a table of the mart sorts in descending order."""
    charts = [chart for dashboard in dashboards for chart in dashboard.charts if chart.mart == mart.name]
    descending = {name[1:] for chart in charts for name in chart.order if name.startswith("-")}
    return sorted(name for name in descending & mart.columns.keys() if not mart.columns[name].is_required)


def _dataset(mart: Mart, metadata: Metadata, language: Language, absences: list[str]) -> dict[str, Any]:
    center_columns = metadata.marts["dim_centers"].columns if mart.center_columns else {}
    described = {**center_columns, **mart.columns}
    query = MartQuery(mart, metadata, language)
    return {
        "table_name": f"{mart.name} ({language})",
        "main_dttm_col": mart.date_column,
        "description": mart.description,
        "schema": SCHEMA,
        "sql": query.sql(absences),
        "filter_select_enabled": True,
        "extra": {"certification": {"certified_by": OURS}},
        "uuid": identity("dataset", mart.name, language),
        "columns": [
            {
                "column_name": name,
                "verbose_name": column.label,
                "description": described[column.of].description if column.of in described else None,
                "is_dttm": is_instant(column.data_type),
                "is_active": True,
                "type": column.data_type.upper(),
                "groupby": True,
                "filterable": True,
            }
            for name, column in (query.columns | query.absence_columns(absences)).items()
        ],
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": metric.title(language),
                "expression": metric.expression,
                "description": metric.description,
            }
            for metric in metadata.metrics.values()
            if metric.mart == mart.name
        ],
        "version": _VERSION,
        "database_uuid": identity("database"),
    }


def _chart(dashboard: Dashboard, chart: Chart, metadata: Metadata, language: Language) -> dict[str, Any]:
    query = MartQuery(metadata.marts[chart.mart], metadata, language)
    drawn = params(chart, query, dashboard.title.of(language))
    return {
        "slice_name": chart.title.of(language),
        "description": f"{dashboard.note.of(language)} ({chart.mart}: {metadata.marts[chart.mart].description})",
        "certified_by": OURS,
        "viz_type": drawn["viz_type"],
        "params": drawn,
        "query_context": json.dumps(query_context(chart, drawn, query)),
        "uuid": chart_uuid(dashboard, chart, language),
        "version": _VERSION,
        "dataset_uuid": identity("dataset", chart.mart, language),
    }


def _dashboard(dashboard: Dashboard, metadata: Metadata, language: Language) -> dict[str, Any]:
    return {
        "dashboard_title": dashboard.title.of(language),
        "description": dashboard.question.of(language),
        "slug": slug(dashboard, language),
        "certified_by": OURS,
        "uuid": identity("dashboard", dashboard.slug, language),
        "position": _position(dashboard, language),
        "metadata": {
            "native_filter_configuration": list(_filters(dashboard, metadata, language)),
            "cross_filters_enabled": True,
            "color_scheme": "supersetColors",
            "label_colors": _label_colors(metadata, language),
        },
        "published": True,
        "version": _VERSION,
    }


def _label_colors(metadata: Metadata, language: Language) -> dict[str, str]:
    """Colours of the bands, the same in all charts."""
    bands = metadata.codes_of("recency_band")
    return {bands[band].of(language): color for band, color in BAND_COLORS.items() if band in bands}


def _position(dashboard: Dashboard, language: Language) -> dict[str, Any]:
    rows = dashboard.rows()
    names = [f"ROW-{number}" for number in range(1, len(rows) + 1)]
    grid = ["ROOT_ID", "GRID_ID"]
    note = dashboard.introduction(language)
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        # The title first, then the introduction.
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "parents": ["ROOT_ID"],
            "children": [names[0], "NOTE", *names[1:]],
        },
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title.of(language)}},
        "NOTE": {
            "type": "MARKDOWN",
            "id": "NOTE",
            "parents": grid,
            "children": [],
            "meta": {"code": note, "width": COLUMNS, "height": 10 + 3 * -(-len(note) // _LINE)},
        },
    }
    numbers = _numbers(dashboard)
    for name, charts in zip(names, rows, strict=True):
        position[name] = {
            "type": "ROW",
            "id": name,
            "parents": grid,
            "children": [f"CHART-{chart.key}" for chart in charts],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for chart in charts:
            position[f"CHART-{chart.key}"] = {
                "type": "CHART",
                "id": f"CHART-{chart.key}",
                "parents": [*grid, name],
                "children": [],
                "meta": {
                    "chartId": numbers[chart.key],
                    "uuid": chart_uuid(dashboard, chart, language),
                    "sliceName": chart.title.of(language),
                    "width": chart.width,
                    "height": chart.height,
                },
            }
    return position


def _numbers(dashboard: Dashboard) -> dict[str, int]:
    """Key → number of each chart in the bundle; the importer replaces these, so they only have to differ."""
    return {chart.key: number for number, chart in enumerate(dashboard.charts, start=1)}


def _filters(dashboard: Dashboard, metadata: Metadata, language: Language) -> Iterator[Mapping[str, Any]]:
    numbers = _numbers(dashboard)
    marts = [metadata.marts[chart.mart] for chart in dashboard.charts]
    unfiltered = [numbers[chart.key] for chart in dashboard.charts if not chart.is_filtered]
    for name in dashboard.filters:
        query = MartQuery(next(mart for mart in marts if mart.has(name)), metadata, language)
        dataset = identity("dataset", query.mart.name, language)
        yield _filter(name, query.label(name), unfiltered) | {
            "filterType": "filter_select",
            "targets": [{"datasetUuid": dataset, "column": {"name": query.shown(name)}}],
            "controlValues": {"multiSelect": True, "enableEmptyFilter": False, "searchAllOptions": False},
        }
    if dashboard.period:
        of_now = [numbers[chart.key] for chart in dashboard.charts if not chart.follows_period]
        yield _filter("period", text("filter_period", language), of_now) | {
            "filterType": "filter_time",
            "targets": [{}],
            "controlValues": {"enableEmptyFilter": False},
        }


def _filter(key: str, name: str, excluded: list[int]) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{key}",
        "type": "NATIVE_FILTER",
        "name": name,
        "defaultDataMask": {"filterState": {}, "extraFormData": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
    }
