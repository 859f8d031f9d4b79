"""The rules that each release ships, by digest: `release_rules.json`, which `make rule-digests` renews.

SQL stored with a close is true if it is that of a release; a seed file also if it was in force, as `ops.rule_versions`
has it, sealed before the close.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from social_metrics.audit.canonical import tables_to_seal
from social_metrics.audit.record import Close
from social_metrics.audit.rules import Rule

DIGESTS = Path(__file__).with_name("release_rules.json")

_NOTED = """
select noted.name, noted.sha256, sealed.seal_no
from (select {key} as row_key, source.* from {relation}) as noted
join audit.sealed_rows as sealed on sealed.table_name = 'ops.rule_versions' and sealed.row_key = noted.row_key
"""

_SEAL_OF_CLOSE = """
select seal_no from audit.sealed_rows
where table_name = 'audit.closes' and row_key = jsonb_build_array(to_char(%s, 'YYYY-MM-DD'), %s::text)::text
"""


@cache
def digests_of_releases() -> dict[str, frozenset[str]]:
    """Release → `kind name sha256` of each model and rule seed that it ships."""
    return {
        release: frozenset(f"{name} {sha256}" for name, sha256 in rules.items())
        for release, rules in json.loads(DIGESTS.read_text(encoding="utf-8")).items()
    }


def unshipped(rules: Iterable[Rule], code_version: str) -> tuple[str, list[Rule]]:
    """The models and rule seeds that the release of a code version does not ship, and the release's name.

    Args:
        rules: of a close, or compiled now.
        code_version: see `code_version`; of a commit between releases the release that ships the most counts.
    """
    rules, releases = list(rules), digests_of_releases()
    named = code_version.removeprefix("social-metrics ").removesuffix("+changed")
    found = {
        release: [
            rule
            for rule in rules
            if rule.kind != "registry_seed" and f"{rule.kind} {rule.name} {rule.sha256}" not in shipped
        ]
        for release, shipped in releases.items()
        if named == release or named not in releases
    }
    return min(found.items(), key=lambda item: len(item[1]))


def unknown_rules(connection: psycopg.Connection, close: Close, rules: Sequence[Rule]) -> tuple[str, list[Rule]]:
    """The rules of a close that its release does not ship and that were not in force, and the release's name.

    The registry of a close that is older than the first noted version cannot be judged, and counts as known.
    """
    release, found = unshipped(rules, close.code_version)
    table = next(one for one in tables_to_seal(connection) if one.name == "ops.rule_versions")
    noted = connection.execute(sql.SQL(_NOTED).format(key=table.row_key, relation=table.relation)).fetchall()
    in_force = {(name, sha256) for name, sha256, seal_no in noted if seal_no <= close.seal_no}
    closed_by = connection.execute(_SEAL_OF_CLOSE, (close.month_start, close.version)).fetchone()
    first = min((seal_no for _, _, seal_no in noted), default=None)
    if first is not None and closed_by is not None and closed_by[0] >= first:
        found += [rule for rule in rules if rule.kind == "registry_seed"]
    return release, [rule for rule in found if rule.kind == "model" or (rule.name, rule.sha256) not in in_force]
