"""A definition that cannot be used is refused in a sentence; one that names what is not there is found."""

from pathlib import Path

import pytest

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.definitions import Both, Dashboard, load_dashboards
from social_metrics.publish.bi.metadata import Metadata, faults, from_manifest

GOOD = """
slug: papan
title: {id: Papan, en: Board}
question: {id: Siapa, en: Who}
note: {id: Arti, en: Meaning}
filters: [center_name]
charts:
  - {key: a, title: {id: A, en: A}, mart: fct_days, kind: table, columns: [center_code, name], where: {is_latest: true}}
  - {key: b, title: {id: B, en: B}, mart: fct_days, kind: number, metrics: [total]}
"""


def _column(name: str) -> dict[str, object]:
    return {
        "name": name,
        "data_type": "date" if name in ("date_day", "month_start") else "text",
        "description": f"What {name} means.",
        "constraints": [{"type": "not_null"}],
    }


def _mart(name: str, columns: list[str], access: str = "public") -> dict[str, object]:
    described = {column: _column(column) for column in columns}
    return {"resource_type": "model", "name": name, "access": access, "description": name, "columns": described}


def metadata(access: str = "public", exposed: tuple[str, ...] = ("m.days", "m.centers")) -> Metadata:
    """Of a project with two marts, one metric that is not to be summed over dates, and one exposure."""
    manifest = {
        "nodes": {
            "m.days": _mart(
                "fct_days", ["center_code", "date_day", "month_start", "followers", "name_id", "name_en"], access
            ),
            "m.centers": _mart("dim_centers", ["center_code", "center_name", "province"]),
        },
        "semantic_models": {
            "s": {
                "node_relation": {"alias": "fct_days"},
                "measures": [
                    {
                        "name": "total_sum",
                        "agg": "sum",
                        "expr": "followers",
                        "non_additive_dimension": {"name": "date_day"},
                    }
                ],
            }
        },
        "metrics": {
            "x": {
                "name": "total",
                "label": "Total",
                "description": "All.",
                "type": "simple",
                "type_params": {"measure": {"name": "total_sum"}},
            }
        },
        "exposures": {"e": {"name": "papan", "depends_on": {"nodes": list(exposed)}}},
    }
    return from_manifest(manifest, {"center_code": Both(id="Sentra", en="Center")})


def load(folder: Path, text: str = GOOD) -> list[Dashboard]:
    """The one dashboard of this text."""
    (folder / "papan.yml").write_text(text, encoding="utf-8")
    return load_dashboards(folder)


def test_a_good_one_has_no_fault(tmp_path: Path) -> None:
    assert faults(load(tmp_path), metadata()) == []


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("center_code, name", "center_code, nam", "papan.a: fct_days has no column nam."),
        ("metrics: [total]", "metrics: [totl]", "papan.b: fct_days has no metric totl."),
        (", metrics: [total]", "", "papan.b: a number needs metrics."),
        ("mart: fct_days, kind: number", "mart: fct_day, kind: number", "papan.b: no public mart fct_day."),
        ("filters: [center_name]", "filters: [city]", "papan: no chart has the column city of its filter."),
        ("slug: papan", "slug: papan-dua", "papan-dua: no exposure papan_dua in models/_exposures.yml."),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, change: str, into: str, said: str) -> None:
    assert change in GOOD
    assert said in faults(load(tmp_path, GOOD.replace(change, into)), metadata())


def test_a_mart_that_is_not_public_may_not_be_asked(tmp_path: Path) -> None:
    assert "papan.a: no public mart fct_days." in faults(load(tmp_path), metadata(access="protected"))


def test_the_exposure_names_the_marts_of_the_charts(tmp_path: Path) -> None:
    found = faults(load(tmp_path), metadata(exposed=("m.days",)))
    assert found == ["papan: its exposure and its charts name different marts: dim_centers."]


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("kind: number", "kind: pie", "charts.1.kind"),
        ("key: b", "key: a", "key a is given more than once"),
        ("slug: papan", "slug: Papan!", "slug"),
        ("question:", "questions:", "questions"),
        ("charts:", "charts: [", "cannot be read"),
        ("metrics: [total]", "metrics: [total], marks: b", "marks b: no table of this dashboard"),
    ],
)
def test_a_bad_one_is_refused_with_its_file(tmp_path: Path, change: str, into: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=r"papan\.yml") as refused:
        load(tmp_path, GOOD.replace(change, into))
    assert said in str(refused.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no dashboard"):
        load_dashboards(tmp_path)


def test_followers_are_never_summed_over_dates() -> None:
    expression = metadata().metrics["total"].expression
    assert expression == "case when min(date_day) = max(date_day) then sum(followers) end"
