"""Builds the marts on Spark: the same dbt project with `--target spark`, in its own environment (`make venv-spark`)."""

import json
import logging
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from upath import UPath

from social_metrics.errors import UsageProblem
from social_metrics.settings import REPOSITORY, Settings
from social_metrics.transform.lake.landing import BUILDS, remove
from social_metrics.transform.run import FAILED

logger = logging.getLogger(__name__)


class SparkBuildFailed(UsageProblem):
    """dbt could not build a model on Spark, or a data test failed."""


@dataclass(frozen=True)
class SparkBuild:
    """A finished build with its tables: `<place>/<schema>.db/<table>/*.parquet`."""

    place: UPath
    models: int

    def table(self, schema: str, name: str) -> UPath:
        """Folder of a table's Parquet files."""
        return self.place / f"{schema}.db" / name


def build_on_spark(
    settings: Settings,
    lake: UPath,
    *,
    as_of: datetime,
    through_date: date | None = None,
    selected: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
) -> SparkBuild:
    """Build all seeds and models on Spark from the landed evidence, and run their data tests.

    The caller holds `locks.lake_lock` until the tables are published and discarded.

    Args:
        settings: with the dbt project, the registry, the cluster and the program.
        lake: folder of the landed evidence.
        as_of: aware instant at which retention is judged, as for the landing.
        through_date: last WIB date of the facts; None ends them with the last evidence.
        selected: further arguments of `dbt build`; everything but unit tests without them.
        more: further variables of the environment.

    Raises:
        SparkBuildFailed: the message lists the failed nodes.
        UsageProblem: Spark is not installed.
    """
    program = settings.spark_dbt or REPOSITORY / ".venv-spark" / "bin" / "dbt"
    if not program.exists():
        raise UsageProblem(f"There is no {program}. Install it with `make venv-spark` (it needs Java 17).")
    place = lake / BUILDS / f"{as_of:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    place.mkdir(parents=True, exist_ok=True)
    project = settings.dbt_project_dir.resolve()
    working = settings.state_dir.resolve() / "dbt-spark"
    run_results = working / "target" / "run_results.json"
    run_results.unlink(missing_ok=True)
    arguments = [
        *("build", "--target", "spark", "--exclude-resource-type", "unit_test"),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(working / "target"), "--log-path", str(working / "logs")),
        *("--quiet", "--no-use-colors", *selected),
    ]
    environment = {
        **os.environ,
        "SOCIAL_METRICS_REGISTRY_DIR": str(settings.registry_dir.resolve()),
        "SOCIAL_METRICS_LAKE": spark_address(lake),
        "SOCIAL_METRICS_SPARK_WAREHOUSE": spark_address(place),
        "SOCIAL_METRICS_SPARK_MASTER": settings.spark_master,
        "SOCIAL_METRICS_SPARK_SHUFFLE_PARTITIONS": str(settings.spark_shuffle_partitions),
        "SOCIAL_METRICS_DBT_RETENTION_AS_OF": as_of.isoformat(),
        "SOCIAL_METRICS_DBT_THROUGH_DATE": through_date.isoformat() if through_date else "",
        "DO_NOT_TRACK": "1",
        "TZ": "UTC",
        **(more or {}),
    }
    outcome = subprocess.run([str(program), *arguments], env=environment, capture_output=True, text=True, check=False)
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"] if run_results.exists() else []
    failed = [f"  {node['unique_id']}: {node['message']}" for node in results if node["status"] in FAILED]
    if outcome.returncode or failed or not results:
        remove(place)
        messages = failed or [line for line in (outcome.stdout + outcome.stderr).splitlines() if line.strip()][-20:]
        raise SparkBuildFailed("\n".join(["dbt could not finish on Spark. Nothing was published.", *messages]))
    models = sum(node["unique_id"].startswith("model.") for node in results)
    logger.info("%d models built below %s", models, place)
    return SparkBuild(place, models)


def discard(build: SparkBuild) -> None:
    """Delete a published build's tables, which would otherwise escape retention."""
    remove(build.place)


def without_connection(address: str) -> str:
    """`s3://connection@bucket` without the Airflow connection; other programs take credentials from the environment."""
    return re.sub(r"^(\w+://)[^/@]+@", r"\1", address)


def spark_address(path: UPath) -> str:
    """A lake's address for Spark: absolute, and S3 with the scheme of Hadoop's client."""
    if path.protocol in {"", "file"}:
        return Path(path.path).resolve().as_uri()
    return without_connection(str(path)).replace("s3://", "s3a://", 1)
