"""Who is responsible for a month, who receives its reports and alerts: roles.csv of the registry's folder.

The file has addresses of offices, never private ones; a person is their login in Airflow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from social_metrics.errors import UsageProblem
from social_metrics.registry.csv_file import SeedFile, SeedRow
from social_metrics.registry.persons import canonical_person, is_latin

ROLES = ("maker", "checker", "approver", "center_officer", "leadership", "inspectorate", "operator")
SIGNING = ROLES[:3]
COLUMNS = ("role_code", "person", "email", "center_code")
OPTIONAL_COLUMNS = ("airflow_user_id",)


@dataclass(frozen=True)
class RoleHolder:
    """One row of roles.csv: the holder of a role with login and e-mail address; None where blank."""

    role: str
    person: str | None  # login in Airflow; what the record keeps
    email: str | None  # of the office
    center_code: str | None  # of a center's officer
    airflow_user_id: str | None  # where the auth manager's id is not the login (FAB: `airflow users list`)


def load_roles(folder: Path) -> tuple[RoleHolder, ...]:
    """Read the roles; without the file, or a row for a role, every user of Airflow may act in it.

    Args:
        folder: the registry's.

    Raises:
        UsageProblem: with one sentence per problem.
    """
    path = folder / "roles.csv"
    if not path.exists():
        return ()
    problems: list[str] = []
    rows = SeedFile.read(path, COLUMNS, problems, OPTIONAL_COLUMNS, may_be_empty=True).rows
    holders = tuple(_holder(row) for row in rows)
    spellings: dict[str, str] = {}
    for row in rows:
        first = spellings.setdefault(canonical_person(row["person"]), row["person"])
        if first != row["person"]:
            row.problem("person", f"reads as {first!r} of another row; one person has one spelling, two have two names")
    if problems:
        raise UsageProblem("The roles cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))
    return holders


def holders_of(roles: Iterable[RoleHolder], role: str, center_code: str | None = None) -> list[RoleHolder]:
    """The holders of a role; of officers only those of the center."""
    return [holder for holder in roles if holder.role == role and holder.center_code == center_code]


def author_of(roles: Iterable[RoleHolder], center_code: str, owner: str | None) -> str | None:
    """Who handed in a file of a center's folder, as the channel knows it; None: only the name in the file says.

    Args:
        roles: see `load_roles`.
        center_code: whose folder it is.
        owner: the login that owns the file, where officers have logins of their own.
    """
    officers = {holder.person for holder in holders_of(roles, "center_officer", center_code) if holder.person}
    return owner or (officers.pop() if len(officers) == 1 else None)


def confirmers_of(roles: Iterable[RoleHolder], center_code: str, author: str) -> list[RoleHolder]:
    """Who may confirm a center's manual entries: its officers and the data and PR teams, but not the author.

    Where the author is none of the center's officers, any of them may have filled the file in, so none confirms it.
    """
    roles = tuple(roles)
    officers = holders_of(roles, "center_officer", center_code)
    own = canonical_person(author)
    is_officer = own in {canonical_person(holder.person) for holder in officers if holder.person}
    teams = [holder for role in ("maker", "checker", "operator") for holder in holders_of(roles, role)]
    named = {
        canonical_person(holder.person): holder
        for holder in (*teams, *(officers if is_officer else ()))
        if holder.person and canonical_person(holder.person) != own
    }
    return list(named.values())


def _holder(row: SeedRow) -> RoleHolder:
    role = row.one_of("role_code", ROLES)
    if role == "center_officer":
        row.required("center_code")
    elif row["center_code"]:
        row.problem("center_code", "is not blank; only a center_officer belongs to a center")
    if not row["person"] and not row["email"]:
        row.problem("person", "is blank, and so is email; fill in one of them")
    if row["person"] and not is_latin(row["person"]):
        row.problem("person", "has letters that are not Latin; the record compares names in Latin letters")
    if row["email"] and (row["email"].count("@") != 1 or any(mark in row["email"] for mark in " ,;<>\r\n")):
        row.problem("email", "is not one e-mail address; write e.g. humas@example.go.id")
    person, email, center, user_id = (row[column] or None for column in (*COLUMNS[1:], *OPTIONAL_COLUMNS))
    return RoleHolder(role, person, email, center, user_id)
