"""The life of an account: placeholder → submitted → verified → suspended, closed, missing; renamed, moved.

The account's dated rows are in center_accounts.csv; every step, with person, time and evidence, is a row of
account_changes.csv beside it (docs/adr/0011). All files of a change are written together after the whole registry has
been validated with the change, so that no reader sees half a change.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import takewhile
from operator import itemgetter
from pathlib import Path

from social_metrics.clock import wib_date
from social_metrics.registry.account_urls import AccountAddress
from social_metrics.registry.change_log import (
    ACCOUNTS_FILE,
    CHANGES_FILE,
    Author,
    Change,
    ChangeRefused,
    persons_of,
    read_changes,
)
from social_metrics.registry.persons import canonical_person
from social_metrics.registry.registry import ACCOUNT_COLUMNS, load_registry
from social_metrics.registry.registry_files import RegistryFiles, complete_pending

REVIEW_DAYS = 180
WITH_ADDRESS = ("submitted", "verified", "suspended")
UNVERIFIED = {"verified_by": "", "verified_at": "", "review_due_at": ""}

Row = dict[str, str]


@contextmanager
def editing(folder: Path, *, is_preview: bool = False) -> Iterator["RegistryEdit"]:
    """Lock the registry for one change, which is written at the end, completely or not at all; of a preview nothing.

    Raises:
        RegistryProblem: the registry is invalid now, or would be with the change.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        complete_pending(folder)
        edit = RegistryEdit(folder)
        yield edit
        edit.files.write(is_preview=is_preview)
    finally:
        os.close(descriptor)


class RegistryEdit:
    """A change of the registry: rows and logs stay in memory until they are validated."""

    def __init__(self, folder: Path) -> None:
        self.registry = load_registry(folder)
        self.changes = read_changes(folder)
        self.files = RegistryFiles(folder)
        self.notes: dict[str, str] = {}  # code of an account or a center → what this change does to it
        self._rows = self.files.rows(ACCOUNTS_FILE)

    def submit(
        self,
        center_code: str,
        address: AccountAddress,
        author: Author,
        *,
        platform_account_id: str | None = None,
        is_another: bool = False,
    ) -> str:
        """Register an account's address and return its account code. A second person verifies it.

        Another account of the center on the platform that waits for its verification stays; this one gets a code of
        its own. An account that was closed keeps its code when its center opens it again; for another center it gets a
        new one.

        Args:
            center_code: the owner of the account.
            address: the page.
            author: the person who submits it.
            platform_account_id: the platform's own id, where an API returned it.
            is_another: a person has decided that it is not the center's verified account under a new name.

        Raises:
            ChangeRefused: the account is in the registry already, or may be a verified one that was renamed.
        """
        day = wib_date(author.at)
        if self.registry.center_on(center_code, day) is None:
            raise ChangeRefused(f"{center_code!r} is not the code of a center; centers.csv has them, e.g. kartini.")
        account_id = self._account_id(address, platform_account_id)
        row = self._unlogged_row(center_code, address, account_id, day)
        for known in [] if row else self._same_account(address, account_id, day):
            if known["status"] != "closed":
                raise _in_use(known, address, center_code)
            if account_id and (known["platform_account_id"], known["center_code"]) == (account_id, center_code):
                row = known
        code = row["account_code"] if row else self._begin_account(center_code, address, day, is_another=is_another)
        known_id = row["platform_account_id"] if row else ""
        identity = {"handle": address.handle or "", "platform_account_id": account_id or known_id, "url": address.url}
        self._put(code, identity | UNVERIFIED, "submitted", author, address.url)
        return code

    def verify(self, account_code: str, author: Author) -> None:
        """Confirm by a second person that the account is the center's; valid for 180 days.

        Raises:
            ChangeRefused: the person submitted (or suspended) it, or there is nothing to verify.
        """
        day = wib_date(author.at)
        row = self._needed_row(account_code, day)
        status = row["status"]
        if status not in WITH_ADDRESS:
            raise ChangeRefused(
                f"{account_code} is {status}: there is no address to verify. Submit it first: "
                f"social-metrics account add URL --center {row['center_code']}."
            )
        earlier = [change for change in self.changes if change.account_code == account_code]
        submitters = persons_of(earlier, "submitted")
        if status == "submitted" and not submitters:
            raise ChangeRefused(
                f"{CHANGES_FILE} does not name the person who submitted {account_code}, so no second person can "
                f"verify it. Submit it again: "
                f"social-metrics account add {row['url'] or 'URL'} --center {row['center_code']}."
            )
        first_persons = submitters | (persons_of(earlier, "suspended") if status == "suspended" else set())
        if canonical_person(author.name) in first_persons:
            raise ChangeRefused(
                f"{account_code} was submitted or suspended by {author.name}: another person has to verify it."
            )
        cells = {
            "verified_by": author.name,
            "verified_at": day.isoformat(),
            "evidence_ref": author.evidence_ref,
            "review_due_at": (day + timedelta(days=REVIEW_DAYS)).isoformat(),
        }
        self._put(account_code, cells, "verified", author, "review" if status == "verified" else "")

    def mark(self, account_code: str, status: str, author: Author, note: str = "") -> None:
        """Suspend an account, or record that the center has none.

        Raises:
            ChangeRefused: it has that status already, or the status is not allowed.
        """
        if status not in ("suspended", "missing"):
            raise ChangeRefused(f"{status!r} is not a status to mark; write suspended or missing.")
        row = self._needed_row(account_code, wib_date(author.at))
        if row["status"] == status:
            raise ChangeRefused(f"{account_code} is {status} already.")
        if status == "suspended" and not _has_address(row):
            raise ChangeRefused(f"{account_code} is {row['status']}: there is no account to suspend.")
        if status == "missing" and _has_address(row):
            raise ChangeRefused(
                f"{account_code} has an address, so it exists. Close it: social-metrics account close {account_code}."
            )
        self._put(account_code, {"evidence_ref": author.evidence_ref}, status, author, note)

    def rename(
        self, account_code: str, address: AccountAddress, author: Author, *, platform_account_id: str | None = None
    ) -> None:
        """Give an account its new address; it keeps its code and its history.

        It stays verified when the platform's id proves that it is the same account; otherwise a second person verifies
        it.

        Raises:
            ChangeRefused: the address is another account's, or the account has no address that could have changed.
        """
        day = wib_date(author.at)
        row = self._needed_row(account_code, day)
        platform = self.registry.platforms[address.platform]
        account_id = self._account_id(address, platform_account_id)
        known_id = row["platform_account_id"]
        if row["platform"] != address.platform:
            raise ChangeRefused(f"{account_code} is not an account on {platform.platform_label}. Look for its code.")
        if not _has_address(row):
            raise ChangeRefused(
                f"{account_code} has no address yet. Add it: social-metrics account add {address.url} --center "
                f"{row['center_code']}."
            )
        if row["status"] not in ("submitted", "verified"):
            raise ChangeRefused(
                f"{account_code} is {row['status']}. Only a submitted or verified account gets a new address."
            )
        if account_id and known_id not in ("", account_id):
            raise ChangeRefused(
                f"{account_code} has the id {known_id}, and not {account_id}: it is another account. Close the old one "
                f"first: social-metrics account close {account_code}."
            )
        for known in self._same_account(address, account_id, day):
            if known is row and (address.handle or "").casefold() not in ("", row["handle"].casefold()):
                continue
            if known["status"] != "closed":
                raise _in_use(known, address, row["center_code"])
        cells = {"handle": address.handle or "", "platform_account_id": account_id or known_id, "url": address.url}
        is_proven = row["status"] == "verified" and account_id is not None and account_id == known_id
        note = f"renamed from {row['handle'] or '(no handle)'} to {address.handle or '(no handle)'}"
        status = "verified" if is_proven else "submitted"
        self._put(account_code, cells if is_proven else cells | UNVERIFIED, status, author, note)

    def move(self, account_code: str, center_code: str, on: date, author: Author) -> None:
        """Make an account another center's from a date on; code, platform id, status and verification stay.

        A later move stays as it is.

        Raises:
            ChangeRefused: the center does not exist on that date, or there is no account to move.
        """
        refuse_future(on, author)
        row = self._needed_row(account_code, on)
        center = self.registry.center_on(center_code, on)
        if center is None:
            raise ChangeRefused(f"{center_code!r} is not the code of a center on {on}; centers.csv has the codes.")
        if row["center_code"] == center_code:
            raise ChangeRefused(f"{account_code} is an account of {center_code} on {on} already.")
        if _has_address(row) and (reason := self.first_row_problem(account_code, center_code, on)):
            raise ChangeRefused(reason)
        rows = _stay(self._rows_from(account_code, on), row["center_code"])
        if all(changed["status"] not in WITH_ADDRESS for changed in rows):
            raise ChangeRefused(f"{account_code} is {row['status']} on {on}: there is no account to move.")
        note = f"moved from {row['center_code']} to {center_code} on {on}"
        for changed in rows:
            changed |= {"center_code": center_code, "owner_unit": center.center_name}
        self._log(account_code, author, note)

    def close(
        self, account_code: str, on: date, author: Author, note: str = "", *, while_of: str | None = None
    ) -> None:
        """Close an account from a date on; with `while_of` only as long as it is that center's.

        Raises:
            ChangeRefused: it is closed already.
        """
        refuse_future(on, author)
        if self._needed_row(account_code, on)["status"] == "closed":
            raise ChangeRefused(f"{account_code} is closed on {on} already.")
        rows = self._rows_from(account_code, on)
        for changed in _stay(rows, while_of) if while_of else rows:
            changed |= {"status": "closed", "evidence_ref": author.evidence_ref}
        self._log(account_code, author, f"closed on {on}" + (f": {note}" if note else ""))

    def first_row_problem(self, account_code: str, center_code: str, on: date) -> str:
        """Why an account with no row before a date cannot be another center's from then on; blank when it has one."""
        first = min(row["valid_from"] for row in self._rows if row["account_code"] == account_code)
        if first < on.isoformat():
            return ""
        return (
            f"{account_code} begins on {first}, and its code names its first center. Close it from its first date "
            f"(social-metrics account close {account_code} --on {first}) and add it for {center_code}."
        )

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

    def _unlogged_row(self, center_code: str, address: AccountAddress, account_id: str | None, day: date) -> Row | None:
        """The submitted row of this handle that was written by hand: submitting it again gives it its log entry."""
        logged = {row["account_code"] for row in self.files.rows(CHANGES_FILE) if row["status"] == "submitted"}
        rows = (
            row
            for row in self._same_account(address, None, day)
            if (row["center_code"], row["status"]) == (center_code, "submitted")
            and row["account_code"] not in logged
            and (account_id is None or row["platform_account_id"] in ("", account_id))
        )
        return next(rows, None)

    def _same_account(self, address: AccountAddress, account_id: str | None, day: date) -> Iterator[Row]:
        """The rows valid on a date that have the address's handle or the id."""
        for row in self._rows:
            if row["platform"] == address.platform and is_valid(row, day):
                same_id = account_id is not None and row["platform_account_id"] == account_id
                if same_id or (address.handle and row["handle"].casefold() == address.handle.casefold()):
                    yield row

    def _begin_account(self, center_code: str, address: AccountAddress, day: date, *, is_another: bool) -> str:
        """The code for an account that the registry does not have: the placeholder's, or a new one with its row."""
        stem = f"{center_code}-{address.platform}"
        for row in self._rows:
            if (row["center_code"], row["platform"]) != (center_code, address.platform) or not is_valid(row, day):
                continue
            if row["status"] in ("verified", "suspended") and not is_another:
                code, name = row["account_code"], row["handle"] or row["platform_account_id"]
                raise ChangeRefused(
                    f"{code} is {row['status']} as {name}. If it was renamed: social-metrics account rename {code} "
                    f"{address.url}. If this is another account, close the old one first (social-metrics account close "
                    f"{code}), or repeat the command with --another to keep both.",
                    f"bukan alamat {code}, akun sentra ini yang sudah terverifikasi ({name}); bila akun itu berganti "
                    "nama, atau ini akun lain, hubungi tim data",
                )
        known = self._valid_row(stem, day)
        if known and known["center_code"] == center_code and known["status"] != "closed" and not _has_address(known):
            return stem
        taken = {row["account_code"] for row in self._rows}
        names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        code = next(name for name in names if name not in taken)
        center = self.registry.center_on(center_code, day)
        row = dict.fromkeys(self._rows[0] if self._rows else ACCOUNT_COLUMNS, "")
        row |= {"account_code": code, "center_code": center_code, "platform": address.platform}
        row |= {"owner_unit": center.center_name if center else "", "contact_role": "humas"}
        self._rows.append(row | {"status": "placeholder", "valid_from": day.isoformat()})
        return code

    def _valid_row(self, account_code: str, day: date) -> Row | None:
        rows = (row for row in self._rows if row["account_code"] == account_code)
        return next((row for row in rows if is_valid(row, day)), None)

    def _needed_row(self, account_code: str, day: date) -> Row:
        row = self._valid_row(account_code, day)
        if row is None:
            raise ChangeRefused(
                f"{account_code!r} is not in the registry on {day}; `social-metrics account status` lists all."
            )
        return row

    def _rows_from(self, account_code: str, day: date) -> list[Row]:
        """The rows of an account from a date on, in the order of their dates; the first begins on the date."""
        row = self._needed_row(account_code, day)
        if row["valid_from"] != day.isoformat():
            successor = row | {"valid_from": day.isoformat()}
            row["valid_to"] = day_before(day)
            self._rows.insert(self._rows.index(row) + 1, successor)
            row = successor
        rows = [other for other in self._rows if other["account_code"] == account_code]
        return sorted(
            (other for other in rows if other["valid_from"] >= row["valid_from"]), key=itemgetter("valid_from")
        )

    def _put(self, account_code: str, cells: Row, status: str, author: Author, note: str) -> None:
        """Start a new row of the account today; an older one ends the day before."""
        day = wib_date(author.at)
        row = self._rows_from(account_code, day)[0]
        row |= cells | {"status": status}
        self._log(account_code, author, note)

    def _log(self, account_code: str, author: Author, note: str) -> None:
        row = self._needed_row(account_code, wib_date(author.at))
        change = Change(author.at, account_code, row["status"], author.name, author.evidence_ref, note)
        self.files.rows(CHANGES_FILE).append(change.cells)
        self.notes[account_code] = note or row["status"]


def refuse_future(on: date, author: Author) -> None:
    """Refuse a change for a date that has not come: until then every command would have to work around it."""
    if on > wib_date(author.at):
        raise ChangeRefused(f"{on} is in the future. Repeat the command on that date or later; it may be dated back.")


def is_valid(row: Row, day: date) -> bool:
    """Whether a dated row of a registry file is valid on a WIB date."""
    return (row["valid_from"] or "0001-01-01") <= day.isoformat() <= (row["valid_to"] or "9999-12-31")


def day_before(day: date) -> str:
    """The last date of a row whose successor begins on a date."""
    return (day - timedelta(days=1)).isoformat()


def _stay(rows: list[Row], center_code: str) -> list[Row]:
    """The first rows, as long as the account stays with the center."""
    return [*takewhile(lambda row: row["center_code"] == center_code, rows)]


def _has_address(row: Row) -> bool:
    return bool(row["handle"] or row["platform_account_id"] or row["url"])


def _in_use(row: Row, address: AccountAddress, center_code: str) -> ChangeRefused:
    """The account of an address is in the registry: the text names the command for what may have happened to it."""
    code = row["account_code"]
    message = f"{address.url} is in the registry already, as {code} ({row['status']}) of {row['center_code']}."
    if address.handle and row["handle"].casefold() != address.handle.casefold():
        message += (
            f" Its handle there is {row['handle'] or 'blank'}: social-metrics account rename {code} {address.url}"
        )
    if row["center_code"] != center_code:
        message += (
            f" If it changed hands: social-metrics account move {code} --to {center_code} --on DATE --decree TEXT"
        )
    return ChangeRefused(
        message,
        f"sudah ada dalam registri sebagai {code} milik sentra {row['center_code']}; hapus barisnya, atau hubungi tim "
        "data bila akun itu berganti nama atau berpindah sentra",
    )
