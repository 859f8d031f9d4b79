"""Checks of the registry and of what waits for a person: accounts to review, entries to confirm."""

from collections import defaultdict
from collections.abc import Iterator

import psycopg

from social_metrics.intake import store
from social_metrics.monitoring.findings import Alert, AlertKind, CheckResult, Verdict, shortened
from social_metrics.monitoring.situation import Situation
from social_metrics.registry.change_log import ACCOUNTS_FILE, history_conflicts, read_changes
from social_metrics.registry.csv_file import rows_of
from social_metrics.registry.edits import REVIEW_DAYS
from social_metrics.registry.registry import (
    ACCOUNT_COLUMNS,
    OPTIONAL_ACCOUNT_COLUMNS,
    Registry,
    RegistryProblem,
    load_registry,
)
from social_metrics.registry.registry_files import PENDING
from social_metrics.settings import Settings

NAMED_IN_ALERTS, NAMED_IN_DOCTOR = 10, 4


def check_registry(settings: Settings) -> tuple[Registry | None, list[CheckResult]]:
    """The registry can be used, and has an account to read."""
    folder = settings.registry_dir
    try:
        registry = load_registry(folder)
    except RegistryProblem as problem:
        next_step = f"correct the line in {folder}"
        return None, [CheckResult("registry", Verdict.FINDING, fault, next_step) for fault in problem.problems]
    if (folder / PENDING).is_dir():  # the process that wrote it has died
        next_step = "repeat the last `social-metrics account` or `center` command: it completes that change first"
        return registry, [CheckResult("registry", Verdict.FINDING, "a change was interrupted", next_step)]
    centers = {center.center_code for center in registry.centers}
    accounts = {account.account_code for account in registry.accounts}
    verified = {account.account_code for account in registry.accounts if account.status == "verified"}
    message = (
        f"{len(centers)} centers, {len(registry.platforms)} platforms, {len(accounts)} accounts, {len(verified)} of "
        "them verified"
    )
    if verified:
        return registry, [CheckResult("registry", Verdict.GOOD, message)]
    next_step = f"fill in id and handle, and write 'verified', in {folder}/center_accounts.csv"
    return registry, [CheckResult("registry", Verdict.FINDING, f"{message}: a capture reads nothing", next_step)]


def accounts(at: Situation, _warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """Rows and log of the registry agree; no account waits for a review or a second person."""
    try:
        faults = history_conflicts(at.registry, read_changes(at.settings.registry_dir), at.day)
    except RegistryProblem as problem:
        for fault in problem.problems:
            yield CheckResult("accounts", Verdict.FINDING, fault, "correct account_changes.csv")
        return
    for fault in faults:
        yield CheckResult("accounts", Verdict.FINDING, fault, "social-metrics account status CODE")
    for fault in _future_verifications(at):
        yield CheckResult("accounts", Verdict.FINDING, fault, f"correct the line in {at.settings.registry_dir}")
    if due := [code for codes in _under_review(at).values() for code in codes]:
        names = shortened(due, NAMED_IN_DOCTOR)
        message = f"{len(due)} accounts under review, verified more than {REVIEW_DAYS} days ago: {names}"
        next_step = "remind the centers' humas; then social-metrics account verify CODE"
        yield CheckResult("accounts", Verdict.NOTE, message, next_step)
    submitted = sum(account.status == "submitted" and account.is_valid_on(at.day) for account in at.registry.accounts)
    if submitted:
        message = f"{submitted} submitted accounts wait for a second person"
        yield CheckResult("accounts", Verdict.NOTE, message, "social-metrics account verify CODE")


def reviews(at: Situation, _warehouse: psycopg.Connection) -> Iterator[Alert]:
    """No verification has expired."""
    for center, codes in sorted(_under_review(at).items()):
        message = f"{center}: {len(codes)} accounts are to be reviewed: {shortened(codes, NAMED_IN_ALERTS)}."
        yield Alert(AlertKind.REVIEW_DUE, center, message, "social-metrics account verify CODE", center)


def _future_verifications(at: Situation) -> list[str]:
    """The marts count such an account as submitted until that date, although it is read."""
    problems: list[str] = []
    file = at.settings.registry_dir / ACCOUNTS_FILE
    for row in rows_of(file, ACCOUNT_COLUMNS, problems, OPTIONAL_ACCOUNT_COLUMNS):
        if row["status"] == "verified" and row["verified_at"] > at.day.isoformat():
            row.problem("verified_at", f"is in the future; write the WIB date of the verification, {at.day} or earlier")
    return problems


def _under_review(at: Situation) -> dict[str, list[str]]:
    by_center: dict[str, list[str]] = defaultdict(list)
    for account in at.registry.verified_on(at.day):
        if account.is_under_review_on(at.day):
            by_center[account.center_code].append(account.account_code)
    return by_center


def entries(at: Situation, warehouse: psycopg.Connection) -> Iterator[CheckResult]:
    """No manual entry waits, and all accounts that are read by hand are entered for the day."""
    waiting = [entry.account_code for entry in store.list_entries(warehouse, only_waiting=True)]
    if waiting:
        message = f"{len(waiting)} entries wait for a second person: {shortened(sorted(set(waiting)), NAMED_IN_DOCTOR)}"
        yield CheckResult("entries", Verdict.NOTE, message, "social-metrics entry list")
    by_hand = {account.account_code for account in at.registry.verified_on(at.day) if account.capture_path == "manual"}
    if by_hand:
        entered = store.newest_entries(warehouse, [(code, at.day) for code in by_hand])
        missing = sorted(by_hand - {code for code, _ in entered})
        message = f"{len(by_hand) - len(missing)} of {len(by_hand)} accounts read by hand are entered for {at.day}"
        if missing:
            message += f"; missing: {shortened(missing, NAMED_IN_DOCTOR)}"
        next_step = "social-metrics entry template --out entries.xlsx"
        yield CheckResult("entries", Verdict.NOTE if missing else Verdict.GOOD, message, next_step)
