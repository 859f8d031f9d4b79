"""The end of a center: closed, or merged into another one that takes over its accounts, names and service areas."""

from datetime import date

from social_metrics.registry.center_names import ALIASES_FILE
from social_metrics.registry.change_log import (
    ACCOUNTS_FILE,
    CENTER_CHANGES_FILE,
    Author,
    ChangeRefused,
    instant_text,
)
from social_metrics.registry.edits import WITH_ADDRESS, RegistryEdit, Row, day_before, is_valid, refuse_future
from social_metrics.registry.registry_files import AREAS_FILE, CENTERS_FILE

_KEYS = {ALIASES_FILE: ("alias",), AREAS_FILE: ("regency", "province_iso")}


def close_center(edit: RegistryEdit, center_code: str, on: date, author: Author, *, close_accounts: bool) -> None:
    """End a center from a date on, with its names, its service areas and, when asked, its accounts.

    Placeholders and accounts that do not exist are closed in any case.

    Raises:
        ChangeRefused: with every reason; one of them is an account that is still open.
    """
    refuse_future(on, author)
    problems = _end_problems(edit, center_code, on)
    accounts = _accounts_of(edit, center_code, on)
    if not close_accounts:
        problems += [
            f"{code} ({status}) is still open: move it, or repeat the command with --close-accounts."
            for code, (status, _) in accounts.items()
            if status in WITH_ADDRESS
        ]
    _refuse(problems)
    note = f"{center_code} closed"
    for code, (_, since) in accounts.items():
        edit.close(code, since, author, note, while_of=center_code)
    for name in _KEYS:
        _end_rows(edit, name, center_code, None, on)
    _end_center(edit, center_code, on, author, "closed", f"closed on {on}")


def merge_centers(edit: RegistryEdit, center_code: str, into: str, on: date, author: Author) -> None:
    """End a center from a date on; another one takes over its accounts, its names and its service areas.

    Placeholders and accounts that do not exist are closed: they say nothing about the other center.

    Raises:
        ChangeRefused: with every reason.
    """
    refuse_future(on, author)
    problems = _end_problems(edit, center_code, on)
    if into == center_code:
        problems.append(f"{center_code} cannot be merged into itself.")
    elif edit.registry.center_on(into, on) is None:
        problems.append(f"{into!r} is not the code of a center on {on}; centers.csv has the codes.")
    note = f"{center_code} merged into {into}"
    for code, (status, since) in _accounts_of(edit, center_code, on).items():
        if status not in WITH_ADDRESS:
            edit.close(code, since, author, note, while_of=center_code)
        elif reason := edit.first_row_problem(code, into, on):
            problems.append(reason)
        elif not problems:
            edit.move(code, into, since, author)
    _refuse(problems)
    for name in _KEYS:
        _end_rows(edit, name, center_code, into, on)
    center = edit.registry.center_on(center_code, on)
    alias = {"center_code": into, "alias": center.center_name if center else "", "alias_kind": "merged_unit"}
    edit.files.rows(ALIASES_FILE).append(
        alias | {"valid_from": on.isoformat(), "valid_to": "", "source_refs": author.evidence_ref}
    )
    _end_center(edit, center_code, on, author, "merged", f"merged into {into} on {on}")


def _end_problems(edit: RegistryEdit, center_code: str, on: date) -> list[str]:
    """What stands against a center's end on a date."""
    rows = [row for row in edit.files.rows(CENTERS_FILE) if row["center_code"] == center_code]
    valid = next((row for row in rows if is_valid(row, on)), None)
    if valid is None:
        return [f"{center_code!r} is not the code of a center on {on}; centers.csv has the codes and dates."]
    if valid["valid_from"] == on.isoformat() or any(row["valid_from"] > on.isoformat() for row in rows):
        return [f"{center_code} has a row of centers.csv that begins on {on} or later. Correct that row first."]
    return []


def _accounts_of(edit: RegistryEdit, center_code: str, on: date) -> dict[str, tuple[str, date]]:
    """Status and first date of the open accounts that a center has on a date or later, by account code."""
    found: dict[str, tuple[str, date]] = {}
    for row in sorted(edit.files.rows(ACCOUNTS_FILE), key=lambda row: row["valid_from"]):
        is_later = (row["valid_to"] or "9999-12-31") >= on.isoformat()
        if row["center_code"] == center_code and row["status"] != "closed" and is_later:
            since = max(on, date.fromisoformat(row["valid_from"])) if row["valid_from"] else on
            found[row["account_code"]] = (row["status"], found.get(row["account_code"], ("", since))[1])
    return found


def _end_rows(edit: RegistryEdit, name: str, center_code: str, into: str | None, on: date) -> None:
    """End a center's rows of a file; the other center gets each that it does not have."""
    rows = edit.files.rows(name)
    taken = {_key(name, row) for row in rows if row["center_code"] == into and is_valid(row, on)}
    first = on.isoformat()
    for row in [row for row in rows if row["center_code"] == center_code and (row["valid_to"] or "9999") >= first]:
        if into and _key(name, row) not in taken:
            rows.insert(rows.index(row) + 1, row | {"center_code": into, "valid_from": max(first, row["valid_from"])})
        if row["valid_from"] >= first:
            rows.remove(row)
        row["valid_to"] = day_before(on)


def _key(name: str, row: Row) -> tuple[str, ...]:
    return tuple(row[column] for column in _KEYS[name])


def _end_center(edit: RegistryEdit, center_code: str, on: date, author: Author, change: str, note: str) -> None:
    for row in edit.files.rows(CENTERS_FILE):
        if row["center_code"] == center_code and is_valid(row, on):
            row["valid_to"] = day_before(on)
    edit.files.rows(CENTER_CHANGES_FILE).append(
        {
            "changed_at": instant_text(author.at),
            "center_code": center_code,
            "change": change,
            "changed_by": author.name,
            "evidence_ref": author.evidence_ref,
            "note": note,
        }
    )
    edit.notes[center_code] = note


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ChangeRefused("\n".join(problems))
