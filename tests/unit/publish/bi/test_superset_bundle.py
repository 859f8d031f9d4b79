"""The import bundle: always the same, without a password, and every reference in it leads somewhere."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from social_metrics.publish.bi.superset.bundle import assets, bundle, password_of
from tests.support.bi_definitions import GOOD, load, metadata

URL = "postgresql://reader:s3cr%40t@db.example:6543/warehouse"
Files = dict[str, Any]


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    return bundle(assets(load(tmp_path), metadata()), URL)


@pytest.fixture
def files(packed: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name.removeprefix("bundle/"): yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def test_the_same_definitions_give_the_same_bytes(packed: bytes, tmp_path: Path) -> None:
    assert bundle(assets(load(tmp_path), metadata()), URL) == packed


def test_no_password_is_in_it(files: Files) -> None:
    assert password_of(URL) == "s3cr@t"
    assert "s3cr" not in json.dumps(files)
    place = "reader:XXXXXXXXXX@db.example:6543/warehouse"
    assert files["databases/social_metrics.yaml"]["sqlalchemy_uri"] == f"postgresql+psycopg2://{place}"


def test_every_reference_leads_somewhere(files: Files) -> None:
    uuids = [content["uuid"] for content in files.values() if "uuid" in content]
    assert (
        len(uuids) == len(set(uuids)) == 1 + 2 + 4 + 2
    )  # the database; per language a dataset, two charts, a dashboard
    charts = [content for name, content in files.items() if name.startswith("charts/")]
    assert {chart["dataset_uuid"] for chart in charts} <= set(uuids)
    for name in ("dashboards/papan.yaml", "dashboards/papan-en.yaml"):
        placed = [part["meta"] for part in files[name]["position"].values() if part and "uuid" in dict(_meta(part))]
        assert len(placed) == 2
        assert {meta["uuid"] for meta in placed} <= {chart["uuid"] for chart in charts}


def _meta(part: Any) -> dict[str, Any]:
    return part.get("meta", {}) if isinstance(part, dict) else {}


def test_labels_are_those_of_dbt(files: Files) -> None:
    for language, label in (("id", "Sentra"), ("en", "Center")):
        columns = {c["column_name"]: c for c in files[f"datasets/social_metrics/fct_days_{language}.yaml"]["columns"]}
        assert columns["center_code"]["verbose_name"] == label
        assert columns["center_code"]["description"] == "What center_code means."


def test_a_column_in_two_languages_is_that_of_the_dashboard(files: Files) -> None:
    assert files["charts/papan_a.yaml"]["params"]["all_columns"] == ["center_code", "name_id"]
    assert files["charts/papan-en_a.yaml"]["params"]["all_columns"] == ["center_code", "name_en"]


def test_both_ways_of_asking_filter_alike(files: Files) -> None:
    chart = files["charts/papan_a.yaml"]
    by_page = [(f["subject"], f["operator"], f["comparator"]) for f in chart["params"]["adhoc_filters"]]
    (query,) = json.loads(chart["query_context"])["queries"]
    assert by_page == [(f["col"], f["op"], f["val"]) for f in query["filters"]] == [("is_latest", "==", True)]


def test_another_slug_is_another_dashboard(files: Files, tmp_path: Path) -> None:
    with zipfile.ZipFile(
        io.BytesIO(bundle(assets(load(tmp_path, GOOD.replace("slug: papan", "slug: lain")), metadata()), URL))
    ) as other:
        renamed = yaml.safe_load(other.read("bundle/dashboards/lain.yaml"))
    assert renamed["uuid"] != files["dashboards/papan.yaml"]["uuid"]


def test_a_table_shows_figures_and_dates_in_their_form(tmp_path: Path) -> None:
    changed = GOOD.replace("columns: [center_code, name]", "columns: [center_code, date_day]")
    with zipfile.ZipFile(io.BytesIO(bundle(assets(load(tmp_path, changed), metadata()), URL))) as archive:
        params = yaml.safe_load(archive.read("bundle/charts/papan_a.yaml"))["params"]
    assert params["column_config"] == {"date_day": {"d3TimeFormat": "%d/%m/%Y"}}


def test_a_past_period_empties_neither_the_title_nor_what_stands_on_the_newest_day(tmp_path: Path) -> None:
    """The title is reached by no filter; of the others the period reaches what is drawn over time."""
    drawn = "  - {key: t, title: {id: T, en: T}, mart: fct_days, kind: title}\n"
    drawn += "  - {key: c, title: {id: C, en: C}, mart: fct_days, kind: table, columns: [center_code], always: true}\n"
    text = GOOD.replace("filters:", "period: true\nfilters:") + drawn
    with zipfile.ZipFile(io.BytesIO(bundle(assets(load(tmp_path, text), metadata()), URL))) as archive:
        board = yaml.safe_load(archive.read("bundle/dashboards/papan.yaml"))
    number = {key: board["position"][f"CHART-{key}"]["meta"]["chartId"] for key in "abtc"}
    scope = {of["id"]: of["scope"]["excluded"] for of in board["metadata"]["native_filter_configuration"]}
    assert scope == {
        "NATIVE_FILTER-center_name": [number["t"]],
        "NATIVE_FILTER-period": [number["a"], number["t"], number["c"]],
    }


def test_addresses_are_columns_of_their_own_that_a_template_links(tmp_path: Path) -> None:
    form = (
        "  - {key: c, title: {id: C, en: C}, mart: fct_days, kind: links, columns: [center_code, date_day, post_url]}\n"
    )
    with zipfile.ZipFile(io.BytesIO(bundle(assets(load(tmp_path, GOOD + form), metadata()), URL))) as archive:
        params = yaml.safe_load(archive.read("bundle/charts/papan_c.yaml"))["params"]
    assert (params["viz_type"], params["all_columns"]) == ("handlebars", ["center_code", "date_day", "post_url"])
    assert "<th>Sentra</th><th>date_day</th><th>post_url</th>" in params["handlebarsTemplate"]
    link = '{{#if this.post_url}}<a href="{{this.post_url}}" target="_blank" rel="noopener">buka</a>{{/if}}'
    assert link in params["handlebarsTemplate"]
    assert '<td>{{dateFormat this.date_day format="DD/MM/YYYY"}}</td>' in params["handlebarsTemplate"]


DRAWN = "  - {key: c, title: {id: C, en: C}, mart: fct_days, metrics: [rows], "


def drawn(folder: Path, form: str) -> dict[str, Any]:
    """The `params` of a chart of this form."""
    with zipfile.ZipFile(io.BytesIO(bundle(assets(load(folder, GOOD + DRAWN + form), metadata()), URL))) as archive:
        params: dict[str, Any] = yaml.safe_load(archive.read("bundle/charts/papan_c.yaml"))["params"]
    return params


def test_a_month_is_named_and_no_day_between_two(tmp_path: Path) -> None:
    month = drawn(tmp_path, "kind: bar, x: month_start}")
    assert (month["time_grain_sqla"], month["x_axis_time_format"]) == ("P1M", "%b %Y")
    day = drawn(tmp_path, "kind: bar, x: date_day}")
    assert (day["time_grain_sqla"], day["x_axis_time_format"]) == ("P1D", "%d/%m/%Y")


def test_bars_of_names_are_sorted_and_may_lie(tmp_path: Path) -> None:
    flat = drawn(tmp_path, "kind: bar, x: center_code, horizontal: true}")
    assert flat["orientation"] == "horizontal"
    assert (flat["x_axis_sort"], flat["x_axis_sort_asc"]) == ("center_code", False)
    assert drawn(tmp_path, "kind: bar, x: center_code}")["orientation"] == "vertical"
    assert "x_axis_sort" not in drawn(tmp_path, "kind: bar, x: date_day}")


def test_a_share_ends_at_the_whole(tmp_path: Path) -> None:
    assert drawn(tmp_path, "kind: line, x: date_day, format: .0%}")["y_axis_bounds"] == [0, 1]
    assert drawn(tmp_path, "kind: line, x: date_day}")["y_axis_bounds"] == [None, None]
