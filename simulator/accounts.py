"""The accounts that the simulator serves, read from a registry folder."""

import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from simulator import SimulatorError
from simulator.clock import DAY, day_number, parse_date, wib_midnight


@dataclass(frozen=True)
class HandlePeriod:
    """A handle and its period of validity (`until` is excluded; None is open)."""

    handle: str
    since: int | None
    until: int | None

    def covers(self, now: int) -> bool:
        """Whether the account has this handle at the instant."""
        return (self.since is None or now >= self.since) and (self.until is None or now < self.until)


@dataclass
class Account:
    """One account of one center on one platform. Its code never changes; its handle may."""

    account_code: str
    center_code: str
    center_name: str
    city: str
    platform: str
    platform_account_id: str
    handles: list[HandlePeriod] = field(default_factory=list)

    def handle_at(self, now: int) -> str:
        """The valid handle, or the last one known."""
        for period in self.handles:
            if period.covers(now):
                return period.handle
        return self.handles[-1].handle

    def __hash__(self) -> int:
        return hash(self.account_code)


@dataclass(frozen=True)
class Center:
    """A rehabilitation center."""

    center_code: str
    center_name: str
    city: str


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file. Raises SimulatorError when it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except UnicodeDecodeError as error:
        raise SimulatorError(f"{path} is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        raise SimulatorError(f"{path} cannot be read ({error.strerror}). Name a registry folder.") from error


def read_centers(path: Path) -> list[Center]:
    """Centers of `centers.csv`, one per code. Raises SimulatorError naming a missing column."""
    centers: dict[str, Center] = {}
    for row in read_rows(path):
        try:
            centers[row["center_code"]] = Center(row["center_code"], row["center_name"], row["city"])
        except KeyError as error:
            raise SimulatorError(f"{path} has no column {error.args[0]!r}.") from error
    if not centers:
        raise SimulatorError(f"{path} has no center; at least one is needed.")
    return list(centers.values())


def read_accounts(accounts_file: Path, centers: list[Center]) -> list[Account]:
    """Accounts of `center_accounts.csv` that exist (rows with an id); dated rows of an account are joined.

    Raises SimulatorError for a missing column, an unknown center or an invalid date.
    """
    known = {center.center_code: center for center in centers}
    accounts: dict[str, Account] = {}
    for line, row in enumerate(read_rows(accounts_file), start=2):
        try:
            if not row["platform_account_id"]:
                continue
            center = known[row["center_code"]]
            account = accounts.setdefault(
                row["account_code"],
                Account(
                    row["account_code"],
                    center.center_code,
                    center.center_name,
                    center.city,
                    row["platform"],
                    row["platform_account_id"],
                ),
            )
            account.handles.append(HandlePeriod(row["handle"], _begin(row["valid_from"]), _end(row["valid_to"])))
        except KeyError as error:
            raise SimulatorError(f"{accounts_file}, line {line}: {error.args[0]!r} is missing.") from error
    return list(accounts.values())


def _begin(text: str) -> int | None:
    return _midnight(parse_date(text)) if text else None


def _end(text: str) -> int | None:
    return _midnight(parse_date(text)) + DAY if text else None


def _midnight(day: date) -> int:
    return wib_midnight(day_number(day))
