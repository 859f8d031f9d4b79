"""raw → staging → intermediate → marts: one dbt invocation per layer; the result of each node is stored in `ops`.

The DAG has one task per layer; the CLI runs all layers in a row. The first layer plans the build: the days to rebuild
after new evidence, or everything when that is not enough (`build_plan`).
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg

from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.transform.build_plan import CHANGES, MartBuild, fingerprint, latest_build, plan_build, record_layer
from social_metrics.transform.dbt_environment import dbt_environment
from social_metrics.transform.seed_versions import note_seed_versions
from social_metrics.transform.tagging.tagger import tag_captions
from social_metrics.warehouse.connect import connect
from social_metrics.warehouse.locks import marts_lock

logger = logging.getLogger(__name__)

LAYERS = ("staging", "intermediate", "marts")
"""In the order of building; each is a selector of dbt_project/selectors.yml."""

FAILED = frozenset({"error", "fail", "runtime error", "partial success"})


class TransformFailed(UsageProblem):
    """A layer was not built, or a data test failed; `nodes` has the failed nodes and their messages."""

    def __init__(self, layer: str, nodes: Mapping[str, str]) -> None:
        self.layer = layer
        self.nodes = dict(nodes)
        lines = [f"  {name}: {message}" for name, message in self.nodes.items()]
        super().__init__(
            "\n".join([f"dbt could not finish the layer {layer}; later layers keep their last state.", *lines])
        )

    @property
    def is_finding(self) -> bool:
        """True when all models were built and only data tests failed: a retry gives the same result."""
        return all(name.startswith("test.") for name in self.nodes)


@dataclass(frozen=True)
class NodeResult:
    """Result of one dbt node: a seed, a model or a data test."""

    unique_id: str
    status: str  # of dbt: success, pass, warn, error, fail, skipped
    execution_seconds: float
    rows_affected: int | None
    message: str | None

    @property
    def resource_type(self) -> str:
        """Model, seed, test: the first part of the id."""
        return self.unique_id.split(".", 1)[0]


@dataclass(frozen=True)
class LayerReport:
    """Result of one layer's run."""

    layer: str
    invocation_id: str
    nodes: tuple[NodeResult, ...]

    def counts(self) -> dict[str, int]:
        """Number of nodes by resource type and status, e.g. {"model success": 12, "test pass": 40}."""
        return dict(sorted(Counter(f"{node.resource_type} {node.status}" for node in self.nodes).items()))


def run_transform(
    settings: Settings,
    warehouse_url: str,
    *,
    through_date: date | None = None,
    retention_as_of: datetime | None = None,
    everything: bool = False,
    on_layer: Callable[[LayerReport], None] = lambda _report: None,
) -> list[LayerReport]:
    """Build every layer in its order, with the arguments of `run_layer`; each finished layer is given to `on_layer`.

    Raises:
        TransformFailed: a layer failed; later layers were not started.
        UsageProblem: the warehouse cannot be used, or another process has locked the marts.
    """
    reports = []
    for layer in LAYERS:
        report = run_layer(
            layer,
            settings,
            warehouse_url,
            through_date=through_date,
            retention_as_of=retention_as_of,
            everything=everything,
        )
        reports.append(report)
        on_layer(report)
    return reports


def run_layer(
    layer: str,
    settings: Settings,
    warehouse_url: str,
    *,
    through_date: date | None = None,
    retention_as_of: datetime | None = None,
    everything: bool = False,
) -> LayerReport:
    """Build one layer and run its data tests under the marts' lock.

    The first layer tags new captions and plans the build; the others continue the latest build, or repeat it when it
    has finished. Unit tests are excluded: they test the code, not the data.

    Args:
        layer: one of LAYERS.
        settings: where the dbt project, the registry and dbt's working files are.
        warehouse_url: postgresql://… of the service login.
        through_date: last WIB date of the facts; None ends them with the last evidence in raw. This and the next two
            arguments are used only where a build is planned.
        retention_as_of: UTC instant at which retention is judged; None means now.
        everything: build everything anew, whatever has changed.

    Raises:
        TransformFailed: dbt could not build the layer, or a data test failed; the message lists the nodes.
        TaggingProblem: the tag rules or the campaigns have validation errors.
        UsageProblem: the warehouse cannot be used, or another process has locked the marts.
    """
    from dbt.cli.main import dbtRunner  # takes seconds

    project = settings.dbt_project_dir.resolve()
    working = settings.state_dir.resolve() / "dbt"  # shared by the layers, so that dbt parses once
    run_results = working / "target" / "run_results.json"
    with marts_lock(warehouse_url, "transformer"):
        run_results.unlink(missing_ok=True)  # so that no results of an earlier run are read
        if layer == LAYERS[0]:
            tag_captions(settings, warehouse_url)  # before the captions expire; the marts read the stored tags
        with connect(warehouse_url, "transformer") as connection:
            build = latest_build(connection) if layer != LAYERS[0] else None
            if layer == LAYERS[0]:
                note_seed_versions(connection, settings)
            build = build or plan_build(
                connection,
                _fingerprint(settings),
                through_date=through_date,
                retention_as_of=retention_as_of,
                everything=everything,
            )
        logger.info("Build %s of %s: %s", build.build_id, build.scope, build.reason)
        command = [
            "build",
            *("--selector", _selector(layer, build)),
            *("--indirect-selection", "buildable"),
            *("--exclude-resource-type", "unit_test"),
            *("--project-dir", str(project)),
            *("--profiles-dir", str(project)),
            *("--target-path", str(working / "target")),
            *("--log-path", str(working / "logs")),
            *("--log-level", "none"),  # results are logged below, once, without colours
            *("--log-level-file", "debug"),
        ]
        with dbt_environment(settings, warehouse_url, build_environment(build)):
            outcome = dbtRunner().invoke(command)
        if not run_results.exists():
            raise TransformFailed(layer, {"dbt": _first_line(outcome.exception) or "no node was built"})
        report = _report(layer, run_results)
        failed = {node.unique_id: node.message or node.status for node in report.nodes if node.status in FAILED}
        with connect(warehouse_url, "transformer") as connection:
            _store(report, connection)
            if report.nodes and not failed and outcome.success:
                record_layer(connection, build, layer, LAYERS)
    for node in report.nodes:
        level = logging.ERROR if node.status in FAILED else logging.INFO
        logger.log(
            level, "%s: %s in %.2f s %s", node.unique_id, node.status, node.execution_seconds, node.message or ""
        )
    if failed or not outcome.success:
        raise TransformFailed(layer, failed or {"dbt": _first_line(outcome.exception) or "ended without a reason"})
    if not report.nodes:
        raise TransformFailed(layer, {"dbt": f"the selector finds no node in {project}"})
    return report


def _selector(layer: str, build: MartBuild) -> str:
    """Name of the selector; seeds are loaded only with everything, because a changed seed rebuilds everything."""
    return "staging_with_seeds" if layer == LAYERS[0] and build.scope != CHANGES else layer


def _report(layer: str, run_results: Path) -> LayerReport:
    artifact = json.loads(run_results.read_text(encoding="utf-8"))
    return LayerReport(
        layer,
        artifact["metadata"]["invocation_id"],
        tuple(
            NodeResult(
                unique_id=result["unique_id"],
                status=result["status"],
                execution_seconds=result["execution_time"],
                rows_affected=_rows(result),
                message=result["message"],
            )
            for result in artifact["results"]
        ),
    )


def _rows(result: Mapping[str, Any]) -> int | None:
    """Rows written by a model; for a data test the failing rows."""
    rows = result["failures"] if result.get("failures") is not None else result["adapter_response"].get("rows_affected")
    return int(rows) if rows is not None and int(rows) >= 0 else None


def _store(report: LayerReport, connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.dbt_results
                (invocation_id, resource_type, unique_id, status, execution_seconds, rows_affected, message)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [(report.invocation_id, node.resource_type, *astuple(node)) for node in report.nodes],
        )


def _fingerprint(settings: Settings) -> str:
    """Fingerprint of the registry, the rules and the models; a change rebuilds everything."""
    project = settings.dbt_project_dir.resolve()
    folders = (project / "models", project / "macros", project / "seeds")
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in {".sql", ".yml", ".csv"}]
    registry = settings.registry_dir.resolve().glob("*.csv")
    return fingerprint({project / "dbt_project.yml", *files, *registry})


def build_environment(build: MartBuild) -> dict[str, str]:
    """Variables of a planned build for macros/build.sql; `--vars` would parse the project again for every build."""
    return {
        "SOCIAL_METRICS_DBT_BUILD_ID": str(build.build_id),
        "SOCIAL_METRICS_DBT_BUILD_SCOPE": build.scope,
        "SOCIAL_METRICS_DBT_FROM_DATE": _iso(build.first_day),
        "SOCIAL_METRICS_DBT_THROUGH_DATE": _iso(build.last_day),
        "SOCIAL_METRICS_DBT_BUILT_THROUGH": _iso(build.built_through),
        "SOCIAL_METRICS_DBT_RETENTION_AS_OF": _iso(build.retention_as_of),
    }


def _iso(value: date | None) -> str:
    return value.isoformat() if value else ""


def _first_line(error: BaseException | None) -> str | None:
    lines = [line.strip() for line in str(error or "").splitlines() if line.strip()]
    return " ".join(lines[:4]) or None
