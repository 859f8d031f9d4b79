"""The rules of a month: the seeds as files, and the models as the SQL that dbt compiles.

Compiled SQL runs again without dbt and without this repository, so a close stores it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from social_metrics.errors import UsageProblem
from social_metrics.settings import Settings
from social_metrics.transform.dbt_environment import dbt_environment

MARTS_OF_A_MONTH: Mapping[str, tuple[str, ...]] = {
    "fct_center_monthly": ("center_code",),
    "fct_follower_growth_daily": ("account_code", "date_day"),
    "fct_capture_completeness": ("center_code", "platform", "date_day"),
    "fct_account_findings": ("account_code", "date_day", "finding"),
    "leaderboard_followers": ("date_day", "scope", "center_code"),
    "leaderboard_recency": ("date_day", "scope", "center_code"),
}
"""The marts that a close keeps, with the key of a row within a month. Of boards only the month's last day is kept."""

RETENTION_MARKER = "<retention_as_of>"
"""Placeholder in the compiled SQL for the instant at which retention is judged; each close has its own."""

RELATION = re.compile(r'"(raw|ops|seeds|staging|intermediate|marts)"\."(\w+)"')


@dataclass(frozen=True)
class Rule:
    """A seed file or a compiled model: `kind` is registry_seed, rule_seed or model; `name` is schema.relation."""

    kind: str
    name: str
    content: str
    column_types: tuple[str, ...] = ()  # of a seed: the header's columns, as the database has them
    materialized: str | None = None  # of a model

    @property
    def sha256(self) -> str:
        """Of the content, in hexadecimal."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def inputs_digest(rules: Iterable[Rule]) -> str:
    """One sha256 over all rules, whatever their order."""
    lines = sorted(f"{rule.kind} {rule.name} {rule.sha256}" for rule in rules)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def rules_in_force(settings: Settings, warehouse_url: str) -> list[Rule]:
    """Seeds, then models in the order of building, as dbt compiles them now for the marts of a month.

    Args:
        settings: where the dbt project, the registry and dbt's working files are.
        warehouse_url: postgresql://… of the service login.

    Raises:
        UsageProblem: the project cannot be compiled; the text has dbt's message.
    """
    manifest = _compile(settings, warehouse_url)
    nodes: dict[str, Any] = manifest["nodes"]
    database = f'"{unquote(urlsplit(warehouse_url).path.lstrip("/"))}".'
    wanted: dict[str, None] = {}
    for node_id in (f"model.social_metrics.{mart}" for mart in MARTS_OF_A_MONTH):
        _with_what_it_needs(node_id, nodes, wanted)
    project, registry = settings.dbt_project_dir.resolve(), settings.registry_dir.resolve()
    seeds, models = [], []
    for node_id in wanted:
        node = nodes[node_id]
        name = f"{node['schema']}.{node['alias']}"
        if node["resource_type"] == "seed":
            file = (project / node["original_file_path"]).resolve()
            kind = "registry_seed" if file.parent == registry else "rule_seed"
            seeds.append(Rule(kind, name, file.read_text(encoding="utf-8")))
        else:
            materialized = node["config"]["materialized"]
            models.append(Rule("model", name, node["compiled_code"].replace(database, ""), (), materialized))
    return sorted(seeds, key=lambda rule: rule.name) + models


def _with_what_it_needs(node_id: str, nodes: Mapping[str, Any], wanted: dict[str, None]) -> None:
    if node_id in wanted or node_id not in nodes:
        return
    for needed in nodes[node_id]["depends_on"].get("nodes", ()):  # seeds need nothing
        _with_what_it_needs(needed, nodes, wanted)
    wanted[node_id] = None


def _compile(settings: Settings, warehouse_url: str) -> dict[str, Any]:
    from dbt.cli.main import dbtRunner  # takes seconds, and most commands do without

    project = settings.dbt_project_dir.resolve()
    working = settings.state_dir.resolve() / "dbt-close"  # other variables than the transform's: it parses for itself
    with dbt_environment(settings, warehouse_url):
        outcome = dbtRunner().invoke(
            [
                "compile",
                "--full-refresh",  # the whole month from the evidence, never the increment of one run
                *("--select", *(f"+{mart}" for mart in MARTS_OF_A_MONTH)),
                *("--vars", json.dumps({"retention_as_of": RETENTION_MARKER})),
                *("--project-dir", str(project)),
                *("--profiles-dir", str(project)),
                *("--target-path", str(working / "target")),
                *("--log-path", str(working / "logs")),
                *("--log-level", "none"),
            ]
        )
    if not outcome.success:
        message = " ".join(str(outcome.exception or "see its log").split())
        raise UsageProblem(f"dbt cannot compile the models of the month: {message} ({working / 'logs'}).")
    manifest: dict[str, Any] = json.loads((working / "target" / "manifest.json").read_text(encoding="utf-8"))
    return manifest
