"""The life of an official account: placeholder → submitted → verified → suspended, closed, missing.

The account's dated rows are in center_accounts.csv; every step, with person, time and evidence, is a row of
account_changes.csv beside it (docs/adr/0011). Both are written together after the whole registry has been validated
with the change, so that no reader sees half a change.
"""

import csv
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from social_metrics.clock import wib_date
from social_metrics.errors import UsageProblem
from social_metrics.registry.account_urls import AccountAddress
from social_metrics.registry.csv_file import SeedFile, SeedRow
from social_metrics.registry.registry import (
    ACCOUNT_COLUMNS,
    ACCOUNT_STATUSES,
    OPTIONAL_ACCOUNT_COLUMNS,
    Registry,
    RegistryProblem,
    load_registry,
)

REVIEW_DAYS = 180
ACCOUNTS_FILE, CHANGES_FILE = "center_accounts.csv", "account_changes.csv"
CHANGE_COLUMNS = ("changed_at", "account_code", "status", "changed_by", "evidence_ref", "note")

_PERSON = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


class ChangeRefused(UsageProblem):
    """The change is not allowed; the text names the reason and the next step."""


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
            "changed_at": self.changed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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


def read_changes(folder: Path) -> list[Change]:
    """The log of a registry, oldest first; empty before the first change.

    Raises:
        RegistryProblem: a row of it cannot be used.
    """
    if not (folder / CHANGES_FILE).exists():
        return []
    problems: list[str] = []
    rows = SeedFile.read(folder / CHANGES_FILE, CHANGE_COLUMNS, problems).rows
    problems = [problem for problem in problems if not problem.endswith("has a header and no rows.")]
    changes = [_change(row) for row in rows]
    if problems or any(row.problems for row in rows):
        raise RegistryProblem(problems or rows[0].problems)
    return changes


def history_conflicts(registry: Registry, changes: list[Change], day: date) -> list[str]:
    """Conflicts of rows and log: a manual edit without a log entry, or one person in both roles."""
    last: dict[str, Change] = {}
    submitted_by: dict[str, str] = {}
    faults = []
    for change in changes:
        last[change.account_code] = change
        if change.status == "submitted":
            submitted_by[change.account_code] = change.changed_by
        if change.status == "verified" and submitted_by.get(change.account_code) == change.changed_by:
            faults.append(f"{change.account_code} was submitted and verified by the same person, {change.changed_by}")
    for code, change in sorted(last.items()):
        account = registry.account_on(code, day)
        status = account.status if account else "not in the registry"
        if status != change.status:
            faults.append(f"{code} is {status} in {ACCOUNTS_FILE}, and {change.status} in {CHANGES_FILE}")
    return faults


@contextmanager
def editing(folder: Path) -> Iterator["RegistryEdit"]:
    """Lock the registry for one change, which is written at the end, completely or not at all.

    Raises:
        RegistryProblem: the registry is invalid now, or would be with the change.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        edit = RegistryEdit(folder)
        yield edit
        edit.write()
    finally:
        os.close(descriptor)


class RegistryEdit:
    """A change of the registry: rows and log stay in memory until they are validated."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.registry = load_registry(folder)
        self.changes = read_changes(folder)
        with (folder / ACCOUNTS_FILE).open(encoding="utf-8-sig", newline="") as handle:
            self._rows = [row for row in csv.DictReader(handle) if any(row.values())]
        self._made: list[Change] = []

    def submit(
        self, center_code: str, address: AccountAddress, author: Author, *, platform_account_id: str | None = None
    ) -> str:
        """Register an account's address and return its account code. A second person verifies it.

        Args:
            center_code: the owner of the account.
            address: the page.
            author: the person who submits it.
            platform_account_id: the platform's own id, where an API returned it.

        Raises:
            ChangeRefused: the address is in the registry already, or another account would be overwritten.
        """
        day = wib_date(author.at)
        if self.registry.center_on(center_code, day) is None:
            raise ChangeRefused(f"{center_code!r} is not the code of a center; centers.csv has them, e.g. kartini.")
        account_id = platform_account_id or address.platform_account_id
        self._refuse_duplicate(center_code, address, account_id, day)
        stem = f"{center_code}-{address.platform}"
        row = self._valid_row(stem, day)
        is_rename = bool(
            row and account_id and row["platform_account_id"] == account_id and row["status"] == "verified"
        )
        identity = {"handle": address.handle or "", "platform_account_id": account_id or "", "url": address.url}
        if row and is_rename:
            note = f"renamed from {row['handle'] or '(no handle)'} to {address.handle or '(no handle)'}"
            self._put(stem, day, identity, "verified", author, note)
            return stem
        if row and row["status"] in ("verified", "suspended"):
            known = row["handle"] or row["platform_account_id"]
            raise ChangeRefused(
                f"{stem} is {row['status']} as {known}. If it was renamed, give its id with --id; if it is another "
                f"account, close this one first: social-metrics account mark {stem} closed."
            )
        code = stem if row is None or self._may_take_over(row, account_id) else self._free_code(stem)
        if row is None or code != stem:
            self._begin(code, center_code, address.platform, day)
        self._put(code, day, identity, "submitted", author, address.url)
        return code

    def verify(self, account_code: str, author: Author) -> None:
        """Confirm by a second person that the account is the center's; valid for 180 days.

        Raises:
            ChangeRefused: the person submitted (or suspended) it, or there is nothing to verify.
        """
        day = wib_date(author.at)
        row = self._needed_row(account_code, day)
        if row["status"] not in ("submitted", "verified", "suspended"):
            raise ChangeRefused(
                f"{account_code} is {row['status']}: there is no address to verify. Submit it first: "
                f"social-metrics account add URL --center {row['center_code']}."
            )
        earlier = [change for change in self.changes if change.account_code == account_code]
        by_status = {change.status: change.changed_by for change in earlier}
        if row["status"] == "submitted" and "submitted" not in by_status:
            raise ChangeRefused(
                f"{CHANGES_FILE} does not name the person who submitted {account_code}, so no second person can "
                f"verify it. Submit it again: "
                f"social-metrics account add {row['url'] or 'URL'} --center {row['center_code']}."
            )
        first_persons = {
            by_status.get("submitted"),
            by_status.get("suspended") if row["status"] == "suspended" else None,
        }
        if author.name in first_persons:
            raise ChangeRefused(
                f"{account_code} was submitted or suspended by {author.name}: another person has to verify it."
            )
        cells = {
            "verified_by": author.name,
            "verified_at": day.isoformat(),
            "evidence_ref": author.evidence_ref,
            "review_due_at": (day + timedelta(days=REVIEW_DAYS)).isoformat(),
        }
        self._put(account_code, day, cells, "verified", author, "review" if row["status"] == "verified" else "")

    def mark(self, account_code: str, status: str, author: Author, note: str = "") -> None:
        """Suspend or close an account, or record that the center has none.

        Raises:
            ChangeRefused: it has that status already, or the status is not allowed.
        """
        if status not in ("suspended", "closed", "missing"):
            raise ChangeRefused(f"{status!r} is not a status to mark; write suspended, closed or missing.")
        day = wib_date(author.at)
        row = self._needed_row(account_code, day)
        if row["status"] == status:
            raise ChangeRefused(f"{account_code} is {status} already.")
        if status == "missing" and (row["handle"] or row["platform_account_id"]):
            raise ChangeRefused(f"{account_code} has an address, so it exists; mark it closed instead.")
        self._put(account_code, day, {"evidence_ref": author.evidence_ref}, status, author, note)

    def write(self) -> None:
        """Validate the whole registry with the changes, then replace both files; without changes do nothing."""
        if not self._made:
            return
        columns = [*ACCOUNT_COLUMNS, *OPTIONAL_ACCOUNT_COLUMNS]
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix=".registry-") as trial_name:
            trial = Path(trial_name)
            for path in self._folder.glob("*.csv"):
                shutil.copyfile(path, trial / path.name)
            _write(trial / ACCOUNTS_FILE, columns, self._rows)
            log = [change.cells for change in (*self.changes, *self._made)]
            _write(trial / CHANGES_FILE, CHANGE_COLUMNS, log)
            load_registry(trial)
            # The log first: a crash in between leaves a log entry without its row, which `account status` reports.
            for name in (CHANGES_FILE, ACCOUNTS_FILE):
                (trial / name).replace(self._folder / name)

    def _refuse_duplicate(self, center_code: str, address: AccountAddress, account_id: str | None, day: date) -> None:
        for row in self._rows:
            if row["platform"] != address.platform or row["status"] == "closed" or not _is_valid(row, day):
                continue
            same_id = account_id is not None and row["platform_account_id"] == account_id
            same_handle = address.handle is not None and row["handle"].casefold() == address.handle.casefold()
            is_rename = same_id and not same_handle and row["center_code"] == center_code
            if (same_id or same_handle) and not is_rename:
                raise ChangeRefused(
                    f"{address.url} is in the registry already, as {row['account_code']} ({row['status']}) "
                    f"of {row['center_code']}."
                )

    def _may_take_over(self, row: dict[str, str], account_id: str | None) -> bool:
        """Whether the code had no account so far, or the same one: a new id is a new code."""
        if row["status"] == "closed":
            return False
        return not row["platform_account_id"] or row["platform_account_id"] == account_id

    def _free_code(self, stem: str) -> str:
        taken = {row["account_code"] for row in self._rows}
        return next(code for number in range(2, 1000) if (code := f"{stem}-{number}") not in taken)

    def _valid_row(self, account_code: str, day: date) -> dict[str, str] | None:
        rows = (row for row in self._rows if row["account_code"] == account_code)
        return next((row for row in rows if _is_valid(row, day)), None)

    def _needed_row(self, account_code: str, day: date) -> dict[str, str]:
        row = self._valid_row(account_code, day)
        if row is None:
            raise ChangeRefused(f"{account_code!r} is not in the registry; `social-metrics account status` lists all.")
        return row

    def _begin(self, account_code: str, center_code: str, platform: str, day: date) -> None:
        center = self.registry.center_on(center_code, day)
        row = dict.fromkeys((*ACCOUNT_COLUMNS, *OPTIONAL_ACCOUNT_COLUMNS), "")
        row |= {"account_code": account_code, "center_code": center_code, "platform": platform, "contact_role": "humas"}
        row |= {"owner_unit": center.center_name if center else "", "valid_from": day.isoformat()}
        self._rows.append(row | {"status": "placeholder"})

    def _put(self, account_code: str, day: date, cells: dict[str, str], status: str, author: Author, note: str) -> None:
        """Start a new row of the account on `day`; an older one ends the day before."""
        row = self._needed_row(account_code, day)
        if row["valid_from"] != day.isoformat():
            successor = row | {"valid_from": day.isoformat()}
            row["valid_to"] = (day - timedelta(days=1)).isoformat()
            self._rows.insert(self._rows.index(row) + 1, successor)
            row = successor
        row |= cells | {"status": status}
        self._made.append(Change(author.at, account_code, status, author.name, author.evidence_ref, note))


def _is_valid(row: dict[str, str], day: date) -> bool:
    return (row["valid_from"] or "0001-01-01") <= day.isoformat() <= (row["valid_to"] or "9999-12-31")


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


def _write(path: Path, columns: tuple[str, ...] | list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        handle.flush()
        os.fsync(handle.fileno())
