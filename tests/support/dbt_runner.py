"""Runs this repository's dbt project, in this process, against a given warehouse."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from social_metrics.settings import Settings
from social_metrics.transform.build_plan import MartBuild, fingerprint, plan_build, record_layer
from social_metrics.transform.dbt_environment import dbt_environment as dbt_variables
from social_metrics.transform.run import LAYERS, build_environment
from social_metrics.warehouse.connect import connect
from tests.support.factories import Evidence, write_raw, write_registry
from tests.support.warehouse import change_evidence

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


@dataclass
class Warehouse:
    """A migrated database, the registry that its marts are built with, and a folder for dbt's own files."""

    url: str = field(repr=False)
    registry: Path
    state: Path
    project: Path = PROJECT
    variables: Mapping[str, Any] = field(default_factory=dict)

    def load(self, evidence: Evidence, loaded_at: Callable[[datetime], datetime] = lambda moment: moment) -> None:
        """Replace the content of raw and the registry with this evidence."""
        with psycopg.connect(self.url) as connection:
            for table in ("profile_snapshots", "posts", "capture_outcomes", "manual_confirmations", "manual_entries"):
                change_evidence(connection, f"delete from raw.{table}")
            connection.execute(
                "truncate ops.account_confirmations, ops.spend_ledger, ops.credentials, ops.doubted_listings"
            )
        write_registry(evidence, self.registry)
        write_raw(evidence, self.url, loaded_at)

    def dbt(self, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> "dbtRunnerResult":
        """Run one dbt command, with more variables in the environment, and return its result, good or bad."""
        from dbt.cli.main import dbtRunner  # seconds, and every test loads this module

        with dbt_environment(self, environment):
            return dbtRunner().invoke(
                [
                    *arguments,
                    "--project-dir",
                    str(self.project),
                    "--profiles-dir",
                    str(self.project),
                    "--quiet",
                    "--no-write-json",  # half of a short run is writing the manifest
                    *(("--vars", repr(dict(self.variables))) if self.variables else ()),
                ]
            )

    def build(self, *arguments: str) -> "dbtRunnerResult":
        """Build everything, without unit tests; a failure names the nodes and the reasons."""
        result = self.dbt("build", "--exclude-resource-type", "unit_test", *arguments)
        assert result.success, failures(result)
        return result

    def plan(self, day: date, retention_as_of: datetime, *, everything: bool = False) -> MartBuild:
        """Plan a build through a WIB date, as the transform does."""
        with connect(self.url, "transformer") as connection:
            return plan_build(
                connection,
                fingerprint(self.registry.glob("*.csv")),
                through_date=day,
                retention_as_of=retention_as_of,
                everything=everything,
            )

    def build_planned(self, planned: MartBuild) -> "dbtRunnerResult":
        """Build what is planned, without tests, and record every layer; a failure names the nodes and the reasons."""
        result = self.dbt(
            "build", "--exclude-resource-type", "unit_test", "test", environment=build_environment(planned)
        )
        assert result.success, failures(result)
        with connect(self.url, "transformer") as connection:
            for layer in LAYERS:
                record_layer(connection, planned, layer, LAYERS)
        return result

    def rows(self, relation: str) -> list[dict[str, Any]]:
        """All rows of a relation, instants in UTC."""
        with psycopg.connect(self.url, options="-c timezone=UTC", row_factory=dict_row) as connection:
            connection.execute("set role social_metrics_transformer")
            return connection.execute(f"select * from {relation}").fetchall()


def failures(result: "dbtRunnerResult") -> str:
    """What went wrong, node by node."""
    if result.exception:
        return str(result.exception)
    return "\n".join(
        f"{node.node.unique_id}: {node.message}"
        for node in result.result
        if str(node.status) in {"error", "fail", "runtime error"}
    )


def dbt_environment(
    warehouse: Warehouse, more: Mapping[str, str] = MappingProxyType({})
) -> AbstractContextManager[None]:
    """What profiles.yml and dbt_project.yml ask for, for the block only; dbt's own files stay with the warehouse."""
    own = {"DBT_TARGET_PATH": str(warehouse.state / "target"), "DBT_LOG_PATH": str(warehouse.state / "logs")}
    return dbt_variables(Settings(registry_dir=warehouse.registry), warehouse.url, {**own, **more})
