"""Who sees which rows in Superset: a role for leadership and one for each center, and a rule for each center's rows.

The rows are held apart beneath (row policies, a login for each center): these rules say the same once more, and keep
a cache from answering one center with another's rows. They are not part of an import: looked up by name, made or set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from social_metrics.publish.bi.definitions import LANGUAGES
from social_metrics.publish.bi.metadata import Mart
from social_metrics.publish.bi.provisioned import Provisioned
from social_metrics.publish.bi.superset.bundle import DATABASE, identity
from social_metrics.publish.bi.superset.session import SupersetSession

LEADERSHIP_ROLE = "social-metrics pimpinan"
CENTER_ROLE = "social-metrics sentra "
"""With the center's code after it. bi/superset/superset_config.py picks the warehouse's login by these names."""

NO_ROWS_RULE = "social-metrics bukan milik sentra"
"""Marts that hold rows of no center and are no dimension: budgets."""


def center_role(center_code: str) -> str:
    """The role whose holders see one center's rows; the rule of these rows has the same name."""
    return CENTER_ROLE + center_code


def set_access(session: SupersetSession, marts: Sequence[Mart], centers: Sequence[str]) -> Provisioned:
    """Make or set the roles and rules, and say which.

    A role of a center that is not among `centers` keeps its holders: without a rule and a login it shows no row.
    """
    permission = _database_permission(session)
    roles = {role["name"]: int(role["id"]) for role in session.all("security/roles")}
    created = []
    for name in (LEADERSHIP_ROLE, *map(center_role, centers)):
        if name not in roles:
            roles[name] = int(session.ask("POST", "/api/v1/security/roles/", json={"name": name})["id"])
            created.append(name)
        _permit(session, roles[name], permission)
    datasets = {dataset["uuid"]: int(dataset["id"]) for dataset in session.all("dataset")}
    ids = {mart.name: [datasets[identity("dataset", mart.name, language)] for language in LANGUAGES] for mart in marts}
    of_centers = [number for mart in marts if mart.of_a_center for number in ids[mart.name]]
    of_nobody = [
        number for mart in marts if not mart.of_a_center and not mart.is_dimension for number in ids[mart.name]
    ]
    rules = {
        center_role(center): _rule(center_role(center), of_centers, [roles[center_role(center)]], _own_rows(center))
        for center in centers
    }
    if of_nobody and centers:
        holders = [roles[center_role(center)] for center in centers]
        rules[NO_ROWS_RULE] = _rule(NO_ROWS_RULE, of_nobody, holders, "1 = 0")
    done = _set_rules(session, rules)
    return replace(done, created=(*created, *done.created))


def _own_rows(center_code: str) -> str:
    return f"center_code = '{center_code}'"  # a registry slug: letters, digits and hyphens


def _rule(name: str, tables: list[int], roles: list[int], clause: str) -> dict[str, Any]:
    return {"name": name, "filter_type": "Regular", "tables": tables, "roles": roles, "clause": clause}


def _set_rules(session: SupersetSession, wanted: Mapping[str, Mapping[str, Any]]) -> Provisioned:
    """Rules by name: made, set, or, of ours that nobody wants any more, removed."""
    there = {rule["name"]: rule for rule in session.all("rowlevelsecurity")}
    for name, rule in wanted.items():
        if name in there:
            session.ask("PUT", f"/api/v1/rowlevelsecurity/{there[name]['id']}", json=dict(rule))
        else:
            session.ask("POST", "/api/v1/rowlevelsecurity/", json=dict(rule))
    removed = [name for name in there if name not in wanted and (name == NO_ROWS_RULE or name.startswith(CENTER_ROLE))]
    for name in removed:
        session.ask("DELETE", f"/api/v1/rowlevelsecurity/{there[name]['id']}")
    as_wanted = [name for name, rule in wanted.items() if name in there and _says_the_same(there[name], rule)]
    return Provisioned.told_apart(*map(_named, (wanted, there, as_wanted, removed)))


def _named(rules: Iterable[str]) -> list[str]:
    return [f"rule {name}" for name in rules]


def _says_the_same(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """A rule as the server lists it, with tables and roles as objects, and as it is sent, with their numbers."""
    return (there.get("clause"), there.get("filter_type")) == (wanted["clause"], wanted["filter_type"]) and all(
        {found["id"] for found in there.get(kind, ())} == set(wanted[kind]) for kind in ("tables", "roles")
    )


def _database_permission(session: SupersetSession) -> int:
    """The right to ask our database, and so every dataset on it."""
    database = next(found["id"] for found in session.all("database") if found["database_name"] == DATABASE)
    wanted = ("database_access", f"[{DATABASE}].(id:{database})")
    for found in session.all("security/permissions-resources"):
        if (found["permission"]["name"], found["view_menu"]["name"]) == wanted:
            return int(found["id"])
    raise LookupError(f"Superset has no permission {wanted}.")  # the import of the database makes it


def _permit(session: SupersetSession, role: int, permission: int) -> None:
    has = [found["id"] for found in session.ask("GET", f"/api/v1/security/roles/{role}/permissions/")["result"]]
    if permission not in has:
        session.ask(
            "POST", f"/api/v1/security/roles/{role}/permissions", json={"permission_view_menu_ids": [*has, permission]}
        )
