"""The life of an official account: placeholder → submitted → verified → suspended, closed, missing.

The account's dated rows are in center_accounts.csv; every step, with person, time and evidence, is a row of
account_changes.csv beside it (docs/adr/0011). Both are written together after the whole registry has been validated
with the change, so that no reader sees half a change.
"""

import csv
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from social_metrics.clock import wib_date
from social_metrics.registry.account_urls import AccountAddress
from social_metrics.registry.change_log import (
    ACCOUNTS_FILE,
    CHANGE_COLUMNS,
    CHANGES_FILE,
    Author,
    Change,
    ChangeRefused,
    read_changes,
)
from social_metrics.registry.registry import ACCOUNT_COLUMNS, OPTIONAL_ACCOUNT_COLUMNS, load_registry

REVIEW_DAYS = 180


class MaybeRenamed(ChangeRefused):
    """The center has a verified account on the platform; a person has to decide whether it was renamed.

    Args:
        account_code: the verified account.
        known: its handle or id.
    """

    def __init__(self, account_code: str, known: str) -> None:
        super().__init__(
            f"{account_code} is verified as {known}. If it was renamed, repeat the command with --renames "
            f"{account_code}. If this is another account, close this one first: "
            f"social-metrics account mark {account_code} closed.",
            f"bukan alamat {account_code}, akun sentra ini yang sudah terverifikasi ({known}). Bila akun itu berganti "
            f"nama, minta tim data mendaftarkan alamat ini dengan --renames {account_code}; bila ini akun lain, minta "
            "tim data menutup akun itu dulu",
        )
        self.account_code = account_code


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
        self,
        center_code: str,
        address: AccountAddress,
        author: Author,
        *,
        platform_account_id: str | None = None,
        renames: str | None = None,
    ) -> str:
        """Register an account's address and return its account code. A second person verifies it.

        Another account of the center on the platform that waits for its verification stays; this one gets a code of
        its own.

        Args:
            center_code: the owner of the account.
            address: the page.
            author: the person who submits it.
            platform_account_id: the platform's own id, where an API returned it.
            renames: the code of the account that got this address; the account keeps its code and its history.

        Raises:
            MaybeRenamed: the center has a verified account on the platform, and `renames` is not given.
            ChangeRefused: the address is in the registry already, or another account would be overwritten.
        """
        day = wib_date(author.at)
        if self.registry.center_on(center_code, day) is None:
            raise ChangeRefused(f"{center_code!r} is not the code of a center; centers.csv has them, e.g. kartini.")
        account_id = self._account_id(address, platform_account_id)
        row = self._unlogged_row(center_code, address, account_id, day)
        if row is None:
            self._refuse_duplicate(center_code, address, account_id, day)
            row = (
                self._row_to_rename(renames, center_code, address, account_id, day)
                if renames
                else self._row_of_id(center_code, address, account_id, day)
            )
        identity = {"handle": address.handle or "", "platform_account_id": account_id or "", "url": address.url}
        status, note = "submitted", address.url
        if row is None:
            code = self._begin_account(center_code, address, account_id, day)
        else:
            code = row["account_code"]
            is_proven = account_id is not None and row["platform_account_id"] == account_id
            identity["platform_account_id"] = account_id or row["platform_account_id"]
            if row["status"] == "verified" or renames:
                note = f"renamed from {row['handle'] or '(no handle)'} to {address.handle or '(no handle)'}"
            if row["status"] == "verified" and is_proven:  # the same id: no second person has to look
                status = "verified"
        if status == "submitted":
            identity |= {"verified_by": "", "verified_at": "", "review_due_at": ""}
        self._put(code, day, identity, status, author, note)
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
            read_changes(trial)
            # The log first: a crash in between leaves a log entry without its row, which `account status` reports.
            for name in (CHANGES_FILE, ACCOUNTS_FILE):
                (trial / name).replace(self._folder / name)

    def _account_id(self, address: AccountAddress, given: str | None) -> str | None:
        """The platform's id of an account: the one given, which must be that of the address."""
        platform = self.registry.platforms[address.platform]
        if given and not platform.platform_account_id_pattern.fullmatch(given):
            raise ChangeRefused(
                f"{given!r} is not an id of {platform.platform_label} (pattern "
                f"{platform.platform_account_id_pattern.pattern}). Leave it out when you do not know it."
            )
        if given and address.platform_account_id not in (None, given):
            raise ChangeRefused(
                f"{address.url} names the id {address.platform_account_id}, and not {given}. Look which of the two is "
                "the center's account."
            )
        return given or address.platform_account_id

    def _unlogged_row(
        self, center_code: str, address: AccountAddress, account_id: str | None, day: date
    ) -> dict[str, str] | None:
        """The submitted row of this handle that was written by hand: submitting it again gives it its log entry."""
        logged = {change.account_code for change in (*self.changes, *self._made) if change.status == "submitted"}
        rows = (
            row
            for row in self._rows
            if (row["center_code"], row["platform"], row["status"]) == (center_code, address.platform, "submitted")
            and row["account_code"] not in logged
            and (account_id is None or row["platform_account_id"] in ("", account_id))
            and address.handle
            and row["handle"].casefold() == address.handle.casefold()
        )
        return next((row for row in rows if _is_valid(row, day)), None)

    def _refuse_duplicate(self, center_code: str, address: AccountAddress, account_id: str | None, day: date) -> None:
        for row in self._rows:
            if row["platform"] != address.platform or row["status"] == "closed" or not _is_valid(row, day):
                continue
            same_id = account_id is not None and row["platform_account_id"] == account_id
            same_handle = address.handle is not None and row["handle"].casefold() == address.handle.casefold()
            is_rename = same_id and address.handle and not same_handle and row["center_code"] == center_code
            if (same_id or same_handle) and not is_rename:
                raise ChangeRefused(
                    f"{address.url} is in the registry already, as {row['account_code']} ({row['status']}) "
                    f"of {row['center_code']}.",
                    f"sudah ada dalam registri sebagai {row['account_code']} milik sentra {row['center_code']}; hapus "
                    "barisnya",
                )

    def _row_of_id(
        self, center_code: str, address: AccountAddress, account_id: str | None, day: date
    ) -> dict[str, str] | None:
        """The row of the account with this id: an id keeps its code, also after a rename or a closure."""
        rows = [
            row
            for row in self._rows
            if account_id and (row["platform"], row["platform_account_id"]) == (address.platform, account_id)
        ]
        if not rows:
            return None
        row = next((row for row in rows if _is_valid(row, day)), None)
        code, owner = rows[-1]["account_code"], rows[-1]["center_code"]
        if row is None or owner != center_code or row["status"] == "suspended":
            status = row["status"] if row else "ended"
            raise ChangeRefused(
                f"{account_id} is the id of {code} of {owner}, which is {status}. An id keeps its account code; "
                f"`social-metrics account status {code}` has its history.",
                f"memakai ID {account_id}, yang sudah tercatat untuk {code} milik sentra {owner}; hubungi tim data",
            )
        return row

    def _row_to_rename(
        self, account_code: str, center_code: str, address: AccountAddress, account_id: str | None, day: date
    ) -> dict[str, str]:
        row = self._needed_row(account_code, day)
        label = self.registry.platforms[address.platform].platform_label
        if (row["center_code"], row["platform"]) != (center_code, address.platform):
            raise ChangeRefused(f"{account_code} is not an account of {center_code} on {label}. Look for its code.")
        if not _has_address(row):
            raise ChangeRefused(f"{account_code} has no address yet. Add this one without --renames.")
        if row["status"] not in ("submitted", "verified"):
            raise ChangeRefused(
                f"{account_code} is {row['status']}. Only a submitted or verified account gets a new address."
            )
        if account_id and row["platform_account_id"] not in ("", account_id):
            raise ChangeRefused(
                f"{account_code} has the id {row['platform_account_id']}, and not {account_id}: it is another account. "
                f"Close the old one first: social-metrics account mark {account_code} closed."
            )
        return row

    def _begin_account(self, center_code: str, address: AccountAddress, account_id: str | None, day: date) -> str:
        """The code for an account that the registry does not have: the placeholder's, or a new one with its row."""
        stem = f"{center_code}-{address.platform}"
        for row in self._rows:
            if (row["center_code"], row["platform"]) != (center_code, address.platform) or not _is_valid(row, day):
                continue
            known = row["handle"] or row["platform_account_id"]
            if row["status"] == "verified" and not (account_id and row["platform_account_id"]):
                raise MaybeRenamed(row["account_code"], known)
            if row["status"] in ("verified", "suspended"):
                raise ChangeRefused(
                    f"{row['account_code']} is {row['status']} as {known}. If this is another account, close this one "
                    f"first: social-metrics account mark {row['account_code']} closed.",
                    f"tidak dapat didaftarkan selama {row['account_code']} ({known}) masih tercatat; hubungi tim data",
                )
        row_of_stem = self._valid_row(stem, day)
        if row_of_stem and row_of_stem["status"] != "closed" and not _has_address(row_of_stem):
            return stem
        is_used = any(row["account_code"] == stem for row in self._rows)
        code = self._free_code(stem) if is_used else stem
        self._begin(code, center_code, address.platform, day)
        return code

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


def _has_address(row: dict[str, str]) -> bool:
    return bool(row["handle"] or row["platform_account_id"] or row["url"])


def _write(path: Path, columns: tuple[str, ...] | list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        handle.flush()
        os.fsync(handle.fileno())
