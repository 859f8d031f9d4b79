"""What `social-metrics doctor` asks of people: accounts to review, entries to confirm, a registry with two stories."""

from collections import Counter
from datetime import date

import psycopg

from social_metrics.intake import store
from social_metrics.monitoring.checks import Check, Verdict
from social_metrics.registry.edits import REVIEW_DAYS, history_faults, read_changes
from social_metrics.registry.registry import Registry, RegistryProblem
from social_metrics.settings import Settings

NAMED_AT_MOST = 4


def check_accounts(registry: Registry, settings: Settings, day: date) -> list[Check]:
    """Rows and log of the registry agree; whose verification has expired on the WIB date `day`."""
    try:
        faults = history_faults(registry, read_changes(settings.registry_dir), day)
    except RegistryProblem as problem:
        return [Check("accounts", Verdict.FINDING, fault, "correct account_changes.csv") for fault in problem.problems]
    checks = [Check("accounts", Verdict.FINDING, fault, "social-metrics account status CODE") for fault in faults]
    due = [account.account_code for account in registry.verified_on(day) if account.is_under_review_on(day)]
    if due:
        says = f"{len(due)} accounts under review, verified more than {REVIEW_DAYS} days ago: {_some(due)}"
        mend = "remind the centers' humas; then social-metrics account verify CODE"
        checks.append(Check("accounts", Verdict.NOTE, says, mend))
    states = Counter(account.status for account in registry.accounts if account.is_valid_on(day))
    if states["submitted"]:
        says = f"{states['submitted']} submitted accounts wait for a second person"
        checks.append(Check("accounts", Verdict.NOTE, says, "social-metrics account verify CODE"))
    return checks


def check_entries(registry: Registry, loader: psycopg.Connection, day: date) -> list[Check]:
    """Hand entries that wait, and accounts read by hand that nobody has entered on the WIB date `day`."""
    by_hand = {account.account_code for account in registry.verified_on(day) if account.capture_path == "manual"}
    waiting = [entry.account_code for entry in store.list_entries(loader, only_waiting=True)]
    checks = []
    if waiting:
        says = f"{len(waiting)} entries wait for a second person: {_some(sorted(set(waiting)))}"
        checks.append(Check("entries", Verdict.NOTE, says, "social-metrics entry list"))
    if by_hand:
        entered = store.newest_entries(loader, [(code, day) for code in by_hand])
        lacking = sorted(by_hand - {code for code, _ in entered})
        says = f"{len(by_hand) - len(lacking)} of {len(by_hand)} accounts read by hand are entered for {day}"
        verdict = Verdict.NOTE if lacking else Verdict.GOOD
        mend = "social-metrics entry template --out entries.xlsx"
        checks.append(Check("entries", verdict, says + (f"; lacking: {_some(lacking)}" if lacking else ""), mend))
    return checks


def _some(codes: list[str]) -> str:
    more = len(codes) - NAMED_AT_MOST
    return ", ".join(codes[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
