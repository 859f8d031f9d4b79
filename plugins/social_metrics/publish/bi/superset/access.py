"""Row access in Superset: a role for leadership and one for each center, and a rule for each center's rows.

The warehouse separates the rows (row policies, a login for each center). These rules repeat that, so that a cache
never answers one center with another's rows. An import does not contain them: they are created or updated by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from social_metrics.publish.bi.import_changes import ImportChanges
from social_metrics.publish.bi.metadata import Mart
from social_metrics.publish.bi.superset.bundle import DATABASE, identity
from social_metrics.publish.bi.superset.session import SupersetSession
from social_metrics.publish.page.formats import LANGUAGES

LEADERSHIP_ROLE = "social-metrics pimpinan"
CENTER_ROLE = "social-metrics sentra "
"""Followed by the center's code. bi/superset/superset_config.py chooses the warehouse's login by these names."""

NO_ROWS_RULE = "social-metrics bukan milik sentra"
"""For marts that are no dimension and have no rows of centers: budgets."""


def center_role(center_code: str) -> str:
    """Name of the role and of the rule for one center's rows."""
    return CENTER_ROLE + center_code


def set_access(session: SupersetSession, marts: Sequence[Mart], centers: Sequence[str], changes: ImportChanges) -> None:
    """Create or update the roles and rules, and record the changes.

    A role of a center that is not among `centers` keeps its holders: without a rule and a login it shows no row.
    """
    permission = _database_permission(session)
    roles = {role["name"]: int(role["id"]) for role in session.all("security/roles")}
    for name in (LEADERSHIP_ROLE, *map(center_role, centers)):
        if name not in roles:
            roles[name] = int(session.ask("POST", "/api/v1/security/roles/", json={"name": name})["id"])
            changes.created.append(name)
        _permit(session, roles[name], permission)
    datasets = {dataset["uuid"]: int(dataset["id"]) for dataset in session.all("dataset")}
    ids = {mart.name: [datasets[identity("dataset", mart.name, language)] for language in LANGUAGES] for mart in marts}
    of_centers = [number for mart in marts if mart.of_a_center for number in ids[mart.name]]
    of_no_center = [
        number for mart in marts if not mart.of_a_center and not mart.is_dimension for number in ids[mart.name]
    ]
    rules = {}
    for center in centers:
        name = center_role(center)
        clause = f"center_code = '{center}'"  # a registry slug: letters, digits and hyphens
        rules[name] = _rule(name, of_centers, [roles[name]], clause)
    if of_no_center and centers:
        holders = [roles[center_role(center)] for center in centers]
        rules[NO_ROWS_RULE] = _rule(NO_ROWS_RULE, of_no_center, holders, "1 = 0")
    _set_rules(session, rules, changes)


def _rule(name: str, tables: list[int], roles: list[int], clause: str) -> dict[str, Any]:
    return {"name": name, "filter_type": "Regular", "tables": tables, "roles": roles, "clause": clause}


def _set_rules(session: SupersetSession, wanted: Mapping[str, Mapping[str, Any]], changes: ImportChanges) -> None:
    """Create or update the wanted rules by name, and remove our other ones."""
    there = {rule["name"]: rule for rule in session.all("rowlevelsecurity")}
    for name, rule in wanted.items():
        if name in there:
            session.ask("PUT", f"/api/v1/rowlevelsecurity/{there[name]['id']}", json=dict(rule))
        else:
            session.ask("POST", "/api/v1/rowlevelsecurity/", json=dict(rule))
    removed = [name for name in there if name not in wanted and (name == NO_ROWS_RULE or name.startswith(CENTER_ROLE))]
    for name in removed:
        session.ask("DELETE", f"/api/v1/rowlevelsecurity/{there[name]['id']}")
    unchanged = [name for name, rule in wanted.items() if name in there and _is_equal(there[name], rule)]
    changes.record(*([f"rule {name}" for name in names] for names in (wanted, there, unchanged)))
    changes.removed += [f"rule {name}" for name in removed]


def _is_equal(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a rule as the server lists it (tables and roles as objects) equals one as it is sent (their ids)."""
    return (there.get("clause"), there.get("filter_type")) == (wanted["clause"], wanted["filter_type"]) and all(
        {found["id"] for found in there.get(kind, ())} == set(wanted[kind]) for kind in ("tables", "roles")
    )


def _database_permission(session: SupersetSession) -> int:
    """Id of the permission to query our database and so all its datasets."""
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
