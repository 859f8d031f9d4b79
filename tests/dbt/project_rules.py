"""The rules of dbt-project-evaluator, on the manifest of this project: pairs of rule and node that break them."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

Violation = tuple[str, str]  # rule, node or file

PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("fct_", "dim_", "leaderboard_")}
LAYERS = ["staging", "intermediate", "marts"]
FAN_OUT = 3  # leaves that hang on one node alone
PARENTS = 7  # models; lists with a meaning (seeds) do not count
VIEWS_IN_A_CHAIN = 4
HARD_CODED = re.compile(r"\b(?:from|join)\s+(?:raw|ops|seeds|staging|intermediate|marts)\.\w+", re.IGNORECASE)


def violations(manifest: Any) -> set[Violation]:
    """Everything that breaks a rule; the exceptions with their reasons stand in dbt_project/rule_exceptions.csv."""
    return {found for rule in (_modeling, _names, _tests, _documents, _speed, _governance) for found in rule(manifest)}


def _models(manifest: Any) -> dict[str, Any]:
    return {key: node for key, node in manifest.nodes.items() if node.resource_type == "model"}


def _layer(node: Any) -> str:
    return node.fqn[1]


def _parents(node: Any, kind: str) -> list[str]:
    return [parent for parent in node.depends_on.nodes if parent.startswith(f"{kind}.")]


def _children(manifest: Any) -> dict[str, set[str]]:
    children: dict[str, set[str]] = {}
    for key, node in _models(manifest).items():
        for parent in node.depends_on.nodes:
            children.setdefault(parent, set()).add(key)
    return children


def _modeling(manifest: Any) -> Iterator[Violation]:
    models, children = _models(manifest), _children(manifest)
    for node in models.values():
        sources, parents = _parents(node, "source"), _parents(node, "model")
        layers = {_layer(models[parent]) for parent in parents}
        if sources and parents:
            yield "direct_join_to_source", node.name
        if sources and _layer(node) != "staging":
            yield "source_read_outside_staging", node.name
        if len(sources) > 1:
            yield "multiple_sources_joined", node.name
        if _layer(node) == "staging" and parents:
            yield "staging_depends_on_a_model", node.name
        if _layer(node) == "intermediate" and "marts" in layers:
            yield "intermediate_depends_on_a_mart", node.name
        if not node.depends_on.nodes:
            yield "root_model", node.name
        if HARD_CODED.search(node.raw_code):
            yield "hard_coded_reference", node.name
        if len(set(parents)) >= PARENTS:
            yield "too_many_parents", node.name
    for key, source in manifest.sources.items():
        readers = children.get(key, set())
        if not readers:
            yield "unused_source", source.name
        if len(readers) > 1:
            yield "source_fan_out", source.name
    relations = [source.relation_name for source in manifest.sources.values()]
    yield from (("duplicate_source", name) for name in relations if relations.count(name) > 1)
    yield from _fans(models, children)


def _fans(models: dict[str, Any], children: dict[str, set[str]]) -> Iterator[Violation]:
    for key, node in models.items():
        mine = children.get(key, set())
        if sum(not children.get(child) for child in mine) > FAN_OUT:
            yield "model_fan_out", node.name
        # A parent that is joined again with a child that nobody else reads: the two could be one.
        for child in mine:
            nieces = children.get(child, set())
            if len(nieces) == 1 and nieces <= mine and _layer(models[child]) == "intermediate":
                yield "rejoined_upstream_concept", f"{node.name} > {models[child].name}"


def _names(manifest: Any) -> Iterator[Violation]:
    for node in _models(manifest).values():
        folder = _layer(node)
        if folder not in PREFIXES or not node.name.startswith(PREFIXES[folder]):
            yield "model_name", node.name
        group = PurePosixPath(node.original_file_path).parent.name
        if folder == "staging" and not node.name.startswith(f"stg_{group}__"):
            yield "model_directory", node.name
        described_in = PurePosixPath((node.patch_path or "").split("://")[-1])
        if described_in != PurePosixPath(node.original_file_path).with_suffix(".yml"):
            yield "model_without_its_yaml", node.name
    models = _models(manifest)
    for test in manifest.unit_tests.values():
        model = models[test.depends_on_nodes[0]] if test.depends_on_nodes else None
        if model and PurePosixPath(test.original_file_path).stem != model.name:
            yield "unit_test_beside_another_model", test.name
    for source in manifest.sources.values():
        if "staging" not in PurePosixPath(source.original_file_path).parts:
            yield "source_directory", source.name


def _tests(manifest: Any) -> Iterator[Violation]:
    tested = {
        node.attached_node
        for node in manifest.nodes.values()
        if getattr(node, "test_metadata", None) and node.test_metadata.name in {"is_key", "unique"}
    }
    yield from (("no_primary_key_test", node.name) for key, node in _models(manifest).items() if key not in tested)
    for source in manifest.sources.values():
        if not source.freshness or not source.freshness.warn_after or not source.freshness.warn_after.count:
            yield "source_without_freshness", source.name


def _documents(manifest: Any) -> Iterator[Violation]:
    for node in manifest.nodes.values():
        if node.resource_type in {"model", "seed"} and not node.description:
            yield "undocumented", node.name
        if node.resource_type == "model":
            bare = [column.name for column in node.columns.values() if not column.description]
            yield from (("undocumented_column", f"{node.name}.{column}") for column in bare)
            if not node.columns:
                yield "undocumented_column", node.name
    for source in manifest.sources.values():
        if not source.description or not source.source_description:
            yield "undocumented", source.name


def _speed(manifest: Any) -> Iterator[Violation]:
    models = _models(manifest)

    def views_before(key: str) -> int:
        if key not in models or models[key].config.materialized not in {"view", "ephemeral"}:
            return 0
        return 1 + max((views_before(parent) for parent in models[key].depends_on.nodes), default=0)

    for key, node in models.items():
        if views_before(key) >= VIEWS_IN_A_CHAIN:
            yield "chained_views", node.name
    for exposure in manifest.exposures.values():
        for parent in exposure.depends_on.nodes:
            if parent in models and models[parent].config.materialized in {"view", "ephemeral"}:
                yield "exposure_reads_a_view", f"{exposure.name} > {models[parent].name}"


def _governance(manifest: Any) -> Iterator[Violation]:
    models = _models(manifest)
    for node in models.values():
        if str(node.access) == "public" and not node.contract.enforced:
            yield "public_without_contract", node.name
        if not node.group:
            yield "without_group", node.name
    for exposure in manifest.exposures.values():
        for parent in exposure.depends_on.nodes:
            if parent not in models or str(models[parent].access) != "public":
                yield "exposure_reads_what_is_not_public", f"{exposure.name} > {parent}"
