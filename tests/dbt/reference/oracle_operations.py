"""The oracle of what surrounds the figures: spending, credentials, findings for a person, recency as is."""

import re
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from social_metrics.contract import ManualEntry, Outcome
from tests.dbt.reference.oracle import BY_HAND, Accounts, Rows, band, holds, least_real, wib
from tests.dbt.reference.oracle_boards import on_its_clock
from tests.support.factories import Account, Call

RENEW_WITHIN = 14


def expected_operations(accounts: Accounts) -> dict[str, Rows]:
    """These facts, by mart and key."""
    return {
        "fct_api_spend_daily": spending(accounts),
        "fct_credential_status": credentials(accounts),
        "fct_account_findings": account_findings(accounts),
        "fct_recency_as_is": recency_as_is(accounts),
    }


def spending(accounts: Accounts) -> Rows:
    """fct_api_spend_daily."""
    platforms = {row.platform: row for row in accounts.evidence.platforms}
    days: dict[tuple[str, date], list[Call]] = defaultdict(list)
    for call in accounts.evidence.calls:
        if wib(call.spent_at) <= accounts.last:
            there = call.spent_at.astimezone(ZoneInfo(platforms[call.platform].quota_day_zone)).date()
            days[call.platform, there].append(call)
    rows: Rows = {}
    for (platform, day), calls in days.items():
        limits = platforms[platform]
        until = max(call.spent_at for call in calls)
        month = [
            call.usd
            for (other, on), made in days.items()
            if other == platform and on <= day and (on.year, on.month) == (day.year, day.month)
            for call in made
        ]
        spent = sum(month, Decimal(0))
        sources = [
            accounts.source(account.account_code, on)
            for account, on in accounts.expected()
            if account.platform == platform and on == wib(until)
        ]
        rows[platform, day] = {
            "platform": platform,
            "quota_date": day,
            "quota_day_zone": limits.quota_day_zone,
            "first_spent_at": min(call.spent_at for call in calls),
            "last_spent_at": until,
            "calls": sum(call.calls for call in calls),
            "quota_units": sum(call.quota_units for call in calls),
            "usd": sum(call.usd for call in calls),
            "daily_call_limit": limits.daily_call_limit,
            "daily_quota_limit": limits.daily_quota_limit,
            "daily_usd_limit": Decimal(limits.daily_usd_limit) if limits.daily_usd_limit else None,
            "calls_share": _share(Decimal(sum(call.calls for call in calls)), limits.daily_call_limit),
            "quota_share": _share(Decimal(sum(call.quota_units for call in calls)), limits.daily_quota_limit),
            "usd_share": _share(sum((call.usd for call in calls), Decimal(0)), limits.daily_usd_limit),
            "usd_month_to_date": spent,
            "monthly_usd_limit": Decimal(limits.monthly_usd_limit) if limits.monthly_usd_limit else None,
            "budget_days_left": _days_it_lasts(limits.monthly_usd_limit, spent, day),
            "source": least_real(sources),
        }
    return rows


def _share(part: Decimal, limit: int | str | None) -> Decimal | None:
    return (part / Decimal(limit)).quantize(Decimal("0.0001"), ROUND_HALF_UP) if limit else None


def _days_it_lasts(limit: str, spent: Decimal, day: date) -> int | None:
    """Day by day, until one is not paid for."""
    if not limit or (not spent and Decimal(limit) > 0):
        return None
    left, days = Fraction(limit) - Fraction(spent), 0
    while days < 366 and left > 0 and left >= (a_day := Fraction(spent) / day.day):
        left, days = left - a_day, days + 1
    return days


def credentials(accounts: Accounts) -> Rows:
    """fct_credential_status."""
    rows: Rows = {}
    for held in accounts.evidence.credentials:
        left = (wib(held.refresh_expires_at) - accounts.last).days if held.refresh_expires_at else None
        if left is None:
            status = "unknown"
        elif left < 0:
            status = "expired"
        else:
            status = "renew_soon" if left <= RENEW_WITHIN else "valid"
        rows[(held.account_code,)] = {
            "account_code": held.account_code,
            "center_code": accounts.owner_on(held.account_code, accounts.last).center_code
            if accounts.registered[held.account_code]
            else None,
            "platform": held.platform,
            "as_of_date": accounts.last,
            "generation": held.generation,
            "access_expires_at": held.access_expires_at,
            "refresh_expires_at": held.refresh_expires_at,
            "days_left": left,
            "credential_status": status,
            "updated_at": held.updated_at,
        }
    return rows


# ------------------------------------------------------------ what a person has to look at


def account_findings(accounts: Accounts) -> Rows:
    """fct_account_findings."""
    confirmed: dict[tuple[str, date], ManualEntry] = {}
    newest: dict[tuple[str, date], tuple[ManualEntry, bool]] = {}
    for entry, is_confirmed in sorted(accounts.evidence.entries, key=lambda found: found[0].version):
        key = entry.account_code, wib(entry.observed_at)
        newest[key] = entry, is_confirmed
        if is_confirmed:
            confirmed[key] = entry
    rows: Rows = {}
    for account, day in accounts.expected():
        code = account.account_code
        found = {
            "identity_mismatch": _mismatch(accounts, account, day),
            "renamed": _renamed(accounts, account, day),
            "under_review": None,
            "manual_differs": _differs(accounts, confirmed.get((code, day)), day),
            "manual_waiting": None,
        }
        if account.review_due_at and account.review_due_at <= day:
            found["under_review"] = (account.verified_by or None, None, account.review_due_at)
        entry, is_decided = newest.get((code, day), (None, True))
        if entry and not is_decided:
            found["manual_waiting"] = (None, entry.followers_displayed, day)
        for finding, values in found.items():
            if values:
                rows[code, day, finding] = {
                    "account_code": code,
                    "center_code": account.center_code,
                    "platform": account.platform,
                    "date_day": day,
                    "finding": finding,
                    "known_value": values[0],
                    "seen_value": values[1],
                    "since_date": values[2],
                }
    return rows


Values = tuple[str | None, str | None, date]


def _mismatch(accounts: Accounts, account: Account, day: date) -> Values | None:
    if not accounts.is_suspended(account.account_code, day):
        return None
    words = [
        found
        for on in accounts.days()
        if on <= day
        for found in accounts.attempts.get((account.account_code, on), [])
        if found.outcome == Outcome.IDENTITY_MISMATCH
    ]
    last = max(words, key=lambda found: (found.attempted_at, found.attempt_id))
    named = re.search(r"platform id ([^, ]+)", last.detail or "")
    return account.platform_account_id, named[1] if named else last.detail, wib(last.attempted_at)


def _renamed(accounts: Accounts, account: Account, day: date) -> Values | None:
    capture = accounts.capture(account.account_code, day)
    seen = capture.handle_seen if capture else None
    return (account.handle, seen, day) if seen and seen.lower() != account.handle.lower() else None


def _differs(accounts: Accounts, entry: ManualEntry | None, day: date) -> Values | None:
    """An API read the account as well, and no count fits both."""
    read = [
        found
        for found in accounts.snapshots.get((entry.account_code, day) if entry else ("", day), [])
        if found.authorization_mode != BY_HAND
    ]
    if not entry or not read or entry.followers_count is None:
        return None
    latest = max(read, key=lambda found: (found.captured_at, found.attempt_id))
    if accounts.state(latest) != "reported" or latest.followers_count is None:
        return None
    possible = range(latest.followers_count, latest.followers_count + (latest.followers_precision_step or 1))
    meant = range(entry.followers_count, entry.followers_count + (entry.followers_precision_step or 1))
    if possible.stop > meant.start and meant.stop > possible.start:
        return None
    return str(latest.followers_count), entry.followers_displayed, day


# ------------------------------------------------------------ what is known now


def recency_as_is(accounts: Accounts) -> Rows:
    """fct_recency_as_is."""
    rows: Rows = {}
    expected = list(accounts.expected())
    observed: dict[str, date] = {}
    for account, day in expected:
        if accounts.is_observed(account.account_code, day):
            observed[account.account_code] = max(day, observed.get(account.account_code, day))
    for account, day in expected:
        code = account.account_code
        then = accounts.recency_on(account, day)
        dates = [(post.published_at, wib(post.published_at)) for post in accounts.known_posts(code, accounts.last)]
        now = max((moment for moment, on in dates if on <= day), default=None)
        since = (day - wib(now)).days if now else None
        center = next(
            (row for row in accounts.evidence.centers if row.center_code == account.center_code and holds(row, day)),
            None,
        )
        rows[code, day] = {
            "account_code": code,
            "center_code": account.center_code,
            "platform": account.platform,
            "date_day": day,
            "last_post_at": then["last_post_at"],
            "last_post_at_local": on_its_clock(center, then["last_post_at"])["last_post_at_local"] if center else None,
            "time_zone_label": on_its_clock(center, None)["time_zone_label"] if center else None,
            "recency_band": then["recency_band"],
            "posts_1d": then["posts_1d"],
            "last_post_at_as_is": now,
            "last_post_at_local_as_is": on_its_clock(center, now)["last_post_at_local"] if center else None,
            "days_since_last_post_as_is": since,
            "recency_band_as_is": band(since, code in observed and observed[code] >= day),
            "posts_1d_as_is": sum(on == day for _, on in dates),
            "is_revised": then["last_post_at"] != now,
            "source": then["source"],
        }
    return rows
