"""One valid dashboard definition, and the metadata of the two marts that it asks."""

from pathlib import Path

from social_metrics.publish.bi.definitions import Dashboard, load_dashboards
from social_metrics.publish.bi.metadata import Metadata, from_manifest
from social_metrics.publish.texts import Both

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
                "fct_days",
                ["center_code", "date_day", "month_start", "followers", "name_id", "name_en", "post_url"],
                access,
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
