"""The logs of the registry: every step of an account or a center with person, time and evidence."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from social_metrics.errors import UsageProblem
from social_metrics.registry.csv_file import SeedFile, SeedRow
from social_metrics.registry.persons import canonical_person
from social_metrics.registry.registry import ACCOUNT_STATUSES, Registry, RegistryProblem

ACCOUNTS_FILE, CHANGES_FILE = "center_accounts.csv", "account_changes.csv"
CHANGE_COLUMNS = ("changed_at", "account_code", "status", "changed_by", "evidence_ref", "note")
CENTER_CHANGES_FILE = "center_changes.csv"
CENTER_CHANGE_COLUMNS = ("changed_at", "center_code", "change", "changed_by", "evidence_ref", "note")

_PERSON = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


class ChangeRefused(UsageProblem):
    """The change is not allowed; the text names the reason and the next step.

    Args:
        message: for the command line.
        indonesian: for an officer's file: completes a sentence that begins with the address, without a full stop.
    """

    def __init__(self, message: str, indonesian: str = "") -> None:
        super().__init__(message)
        self.indonesian = indonesian or f"tidak dapat didaftarkan: {message.rstrip('.')}"


@dataclass(frozen=True, slots=True)
class Change:
    """One step in an account's life."""

    changed_at: datetime  # UTC instant
    account_code: str
    status: str  # after the step
    changed_by: str  # user name, lower case
    evidence_ref: str
    note: str

    @property
    def cells(self) -> dict[str, str]:
        """The line of account_changes.csv."""
        return {
            "changed_at": instant_text(self.changed_at),
            "account_code": self.account_code,
            "status": self.status,
            "changed_by": self.changed_by,
            "evidence_ref": self.evidence_ref,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Author:
    """The person who makes a change, the time, and the evidence for it."""

    name: str
    at: datetime
    evidence_ref: str

    def __post_init__(self) -> None:
        if not _PERSON.fullmatch(self.name):
            raise ChangeRefused(f"{self.name!r} is not a user name; write it in lower case, e.g. siti.humas.")
        if not self.evidence_ref.strip():
            raise ChangeRefused("Every change needs its evidence: a letter's number, or where the screenshot is kept.")
        if has_control_characters(self.evidence_ref):
            raise ChangeRefused("The evidence contains a control character. Type it instead of pasting it.")


def read_changes(folder: Path) -> list[Change]:
    """The log of a registry, oldest first; empty before the first change.

    Raises:
        RegistryProblem: a row of it cannot be used.
    """
    if not (folder / CHANGES_FILE).exists():
        return []
    problems: list[str] = []
    rows = SeedFile.read(folder / CHANGES_FILE, CHANGE_COLUMNS, problems, may_be_empty=True).rows
    changes = [_change(row) for row in rows]
    if problems:
        raise RegistryProblem(problems)
    return changes


def persons_of(changes: Iterable[Change], status: str) -> set[str]:
    """Canonical names of who brought an account into a status: of the last unbroken run of its changes to it."""
    persons: set[str] = set()
    previous = ""
    for change in changes:
        if change.status == status:
            persons = {canonical_person(change.changed_by)} | (persons if previous == status else set())
        previous = change.status
    return persons


def history_conflicts(registry: Registry, changes: list[Change], day: date) -> list[str]:
    """Conflicts of rows and log: a manual edit without a log entry, or one person in both roles."""
    histories: dict[str, list[Change]] = defaultdict(list)
    faults = []
    for change in changes:
        earlier = histories[change.account_code]
        # A move or a proven rename of a verified account is no verification.
        is_verification = change.status == "verified" and not (earlier and earlier[-1].status == "verified")
        if is_verification and canonical_person(change.changed_by) in persons_of(earlier, "submitted"):
            faults.append(f"{change.account_code} was submitted and verified by the same person, {change.changed_by}")
        earlier.append(change)
    for code, history in sorted(histories.items()):
        account = registry.account_on(code, day)
        status = account.status if account else "not in the registry"
        if status != history[-1].status:
            faults.append(f"{code} is {status} in {ACCOUNTS_FILE}, and {history[-1].status} in {CHANGES_FILE}")
    return faults


def _change(row: SeedRow) -> Change:
    row.one_of("status", ACCOUNT_STATUSES)
    for column in ("account_code", "changed_by", "evidence_ref"):
        row.required(column)
    try:
        changed_at = datetime.fromisoformat(row["changed_at"].replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        row.problem("changed_at", "is not an instant; write e.g. 2026-11-24T13:00:00Z")
        changed_at = datetime.min.replace(tzinfo=UTC)
    return Change(changed_at, row["account_code"], row["status"], row["changed_by"], row["evidence_ref"], row["note"])


def instant_text(instant: datetime) -> str:
    """An instant as the logs have it, e.g. 2026-11-24T13:00:00Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def has_control_characters(text: str) -> bool:
    """Whether a text holds characters that a registry file may not hold; tabs and line breaks are allowed."""
    return any(unicodedata.category(mark) in ("Cc", "Zl", "Zp") and mark not in "\t\n\r" for mark in text)
