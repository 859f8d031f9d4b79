"""Metadata of the marts from the dbt project: columns, labels, descriptions, metrics."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from social_metrics.errors import UsageProblem
from social_metrics.publish.bi.definitions import IS_LATEST, ROWS, Dashboard
from social_metrics.publish.page.formats import LANGUAGES, Language
from social_metrics.publish.texts import Both
from social_metrics.settings import Settings
from social_metrics.transform.dbt_environment import dbt_environment

CENTER_COLUMNS = ("center_name", "province", "time_zone_label")
"""Joined from marts.dim_centers to every mart of centers: for filters by name and by province, and for local times."""

_DATE_COLUMNS = ("date_day", "month_start", "published_date", "quota_date", "as_of_date")
_CODE_SEEDS = {
    "outcome": "capture_outcomes.csv",
    "recency_band": "recency_bands.csv",
    "follower_band": "follower_bands.csv",
    "program": "programs.csv",
    "tag": "clusters.csv",
}
_CODES_BY_ENDING = {
    "_null_reason": "change_null_reason",
    "_platform": "platform",
    "seen_value": "outcome",  # of findings about captures; other values are shown as they are
}
_NO_HOST = "postgresql://nobody@localhost/nothing"  # parsing needs no warehouse


@dataclass(frozen=True)
class Column:
    """A column of a mart: SQL type, description, and whether every row has a value."""

    name: str
    data_type: str
    description: str
    is_required: bool = False


@dataclass(frozen=True)
class Mart:
    """A public model."""

    name: str
    description: str
    columns: Mapping[str, Column]

    @property
    def date_column(self) -> str | None:
        """The column that dates its rows; None without one."""
        return next((name for name in _DATE_COLUMNS if name in self.columns), None)

    @property
    def known_column(self) -> str | None:
        """The date up to which its rows are known; for months not their first day."""
        return "known_on_date" if "known_on_date" in self.columns else self.date_column

    @property
    def of_a_center(self) -> bool:
        """Whether each of its rows belongs to a center."""
        return "center_code" in self.columns

    @property
    def is_dimension(self) -> bool:
        """Whether it is a dimension."""
        return self.name.startswith("dim_")

    @property
    def center_columns(self) -> tuple[str, ...]:
        """Columns joined from marts.dim_centers."""
        if not self.of_a_center:
            return ()
        return tuple(name for name in CENTER_COLUMNS if name not in self.columns)

    def has(self, column: str) -> bool:
        """Whether a chart may name the column: the mart's own, joined, or `is_latest` of a dated mart."""
        return (
            column in self.columns
            or column in self.center_columns
            or (column == IS_LATEST and self.date_column is not None)
            or all(f"{column}_{language}" in self.columns for language in LANGUAGES)
        )

    def in_language(self, column: str, language: Language) -> str:
        """The column itself; of a pair such as rule_label_id and rule_label_en the language's column."""
        own = f"{column}_{language}"
        return own if column not in self.columns and own in self.columns else column


@dataclass(frozen=True)
class Metric:
    """A metric over rows of one mart, with its aggregating SQL."""

    name: str
    mart: str
    label: str
    description: str
    expression: str

    def title(self, language: Language) -> str:
        """Its name for people."""
        return self.label if language == "id" else self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Metadata:
    """The metadata of the dbt project that the tools need.

    Attributes:
        labels: column → label.
        codes: column → code → label.
        exposures: name → marts that it depends on.
    """

    marts: Mapping[str, Mart]
    metrics: Mapping[str, Metric]
    labels: Mapping[str, Both]
    exposures: Mapping[str, frozenset[str]]
    codes: Mapping[str, Mapping[str, Both]] = field(default_factory=dict)

    def label(self, column: str, language: Language) -> str:
        """The column's label, or its name without one."""
        both = self.labels.get(column)
        return both.of(language) if both else column

    def metric(self, name: str, mart: Mart) -> Metric | None:
        """The metric of the mart with this name."""
        metric = self.metrics.get(name)
        return metric if metric and metric.mart == mart.name else None

    def codes_of(self, column: str) -> Mapping[str, Both]:
        """The codes of a column with their labels; empty for other columns."""
        if column in self.codes:
            return self.codes[column]
        return self.codes.get(next((of for end, of in _CODES_BY_ENDING.items() if column.endswith(end)), ""), {})


def read_metadata(settings: Settings) -> Metadata:
    """Parse the dbt project (seconds, no warehouse) and return its metadata.

    Raises:
        UsageProblem: dbt cannot parse the project.
    """
    from dbt.cli.main import dbtRunner  # takes seconds to import

    project = settings.dbt_project_dir.resolve()
    working = settings.state_dir.resolve() / "dbt"
    command = [
        "--quiet",
        "parse",
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(working / "parse"), "--log-path", str(working / "logs")),
    ]
    with dbt_environment(settings, _NO_HOST):
        outcome = dbtRunner().invoke(command)
    if not outcome.success or outcome.result is None:
        raise UsageProblem(f"dbt cannot parse {project}: {outcome.exception}")
    rules = project / "seeds" / "rules"
    return from_manifest(
        outcome.result.to_dict(), read_labels(rules / "column_labels.csv"), read_codes(rules, settings.registry_dir)
    )


def read_labels(file: Path) -> dict[str, Both]:
    """Column → label, from seeds/rules/column_labels.csv."""
    return {row["column_name"]: Both(id=row["label_id"], en=row["label_en"]) for row in _rows(file)}


def read_codes(rules: Path, registry: Path) -> dict[str, dict[str, Both]]:
    """Column → code → label, from the rule seeds and the registry's platforms."""
    codes: dict[str, dict[str, Both]] = defaultdict(dict)
    for row in _rows(rules / "code_labels.csv"):
        codes[row["column_name"]][row["code"]] = Both(id=row["label_id"], en=row["label_en"])
    for column, file in _CODE_SEEDS.items():
        for row in _rows(rules / file):
            key = column if column in row else "cluster"
            codes[column][row[key]] = Both(id=row["label_id"], en=row["label_en"])
    for row in _rows(registry / "platforms.csv"):
        codes["platform"][row["platform"]] = Both(id=row["platform_label"], en=row["platform_label"])
    return dict(codes)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def from_manifest(
    manifest: Mapping[str, Any], labels: Mapping[str, Both], codes: Mapping[str, Mapping[str, Both]] | None = None
) -> Metadata:
    """The metadata in dbt's manifest."""
    models = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and str(node.get("access")) == "public"
    }
    marts = {
        node["name"]: Mart(
            node["name"],
            node["description"],
            {
                name: Column(name, column["data_type"] or "", column["description"], _is_required(column))
                for name, column in node["columns"].items()
            },
        )
        for node in models.values()
    }
    exposures = {
        node["name"]: frozenset(models[parent]["name"] for parent in node["depends_on"]["nodes"] if parent in models)
        for node in manifest["exposures"].values()
    }
    return Metadata(marts, _metrics(manifest), labels, exposures, codes or {})


def _is_required(column: Mapping[str, Any]) -> bool:
    return any(str(constraint["type"]) == "not_null" for constraint in column.get("constraints", ()))


def _metrics(manifest: Mapping[str, Any]) -> dict[str, Metric]:
    measures = {}
    for model in manifest["semantic_models"].values():
        for measure in model["measures"]:
            measures[measure["name"]] = (model["node_relation"]["alias"], _expression(measure))
    nodes = {node["name"]: node for node in manifest["metrics"].values()}
    metrics = {}
    for name, node in nodes.items():
        parts = node["type_params"]
        if str(node["type"]) == "simple":
            mart, expression = measures[parts["measure"]["name"]]
        else:
            top, bottom = (nodes[parts[part]["name"]] for part in ("numerator", "denominator"))
            (mart, above), (_, below) = (measures[part["type_params"]["measure"]["name"]] for part in (top, bottom))
            ratio = f"{above} * 1.0 / nullif({below}, 0)"
            expression = rounded_share(ratio) if is_share(name) else ratio
        metrics[name] = Metric(name, mart, node["label"], node["description"], expression)
    return metrics


def is_share(name: str) -> bool:
    """Whether a column or a metric of this name is a share of 0 to 1."""
    return name == "completeness" or name.endswith("_share")


def rounded_share(sql: str) -> str:
    """SQL of a share as `publish.page.formats.percent` writes it: to a tenth of a percent, and only the whole is 1."""
    return f"case when {sql} < 1 then least(round({sql}, 3), 0.999) else {sql} end"


def _expression(measure: Mapping[str, Any]) -> str:
    expr, agg = measure["expr"] or measure["name"], str(measure["agg"])
    total = {
        "sum": f"sum({expr})",
        "count": f"count({expr})",
        "sum_boolean": f"count(*) filter (where {expr})",
    }[agg]
    fixed = measure.get("non_additive_dimension")
    if not fixed:
        return total
    # Not additive over dates: several dates give no figure instead of a wrong one.
    return f"case when min({fixed['name']}) = max({fixed['name']}) then {total} end"


def definition_errors(dashboards: list[Dashboard], metadata: Metadata) -> list[str]:
    """Names in the definitions that the dbt project does not have, a sentence each."""
    found = [error for dashboard in dashboards for error in _errors(dashboard, metadata)]
    for dashboard in dashboards:
        exposure = dashboard.slug.replace("-", "_")
        if exposure not in metadata.exposures:
            found.append(f"{dashboard.slug}: no exposure {exposure} in models/_exposures.yml.")
            continue
        used = {*dashboard.marts(), *(["dim_centers"] if _joins_centers(dashboard, metadata) else [])}
        if used != metadata.exposures[exposure]:
            differing = ", ".join(sorted(used ^ metadata.exposures[exposure]))
            found.append(f"{dashboard.slug}: its exposure and its charts name different marts: {differing}.")
    return found


def _joins_centers(dashboard: Dashboard, metadata: Metadata) -> bool:
    return any(metadata.marts[name].center_columns for name in dashboard.marts() if name in metadata.marts)


def _errors(dashboard: Dashboard, metadata: Metadata) -> list[str]:
    found = []
    for chart in dashboard.charts:
        place = f"{dashboard.slug}.{chart.key}"
        mart = metadata.marts.get(chart.mart)
        if mart is None:
            found.append(f"{place}: no public mart {chart.mart}.")
            continue
        unknown = sorted(name for name in chart.named_columns() if not mart.has(name))
        found += [f"{place}: {chart.mart} has no column {name}." for name in unknown]
        if not chart.metrics and not chart.is_table and chart.kind != "title":
            found.append(f"{place}: a {chart.kind} needs metrics.")
        missing = [
            name
            for name in chart.metrics
            if name != ROWS and name not in mart.columns and not metadata.metric(name, mart)
        ]
        found += [f"{place}: {chart.mart} has no metric {name}." for name in missing]
    for name in dashboard.filters:
        if not any(chart.mart in metadata.marts and metadata.marts[chart.mart].has(name) for chart in dashboard.charts):
            found.append(f"{dashboard.slug}: no chart has the column {name} of its filter.")
    return found
