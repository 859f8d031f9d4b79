"""Random histories of what surrounds the captures: cost of calls, credentials, reviews, names and ids as seen."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from social_metrics.contract import Outcome
from tests.support.factories import Call, Credential, Evidence, at

WARNING_DAYS = 14
DETAILS = ["platform id 4711, expected 12", "platform id 4711", "another account answers", None]


def surround(evidence: Evidence, days: list[date], seed: int) -> None:
    """Add them; accounts, snapshots and outcomes stay what they are but for the words in them."""
    chances = random.Random(seed)
    for platform in evidence.platforms:
        if platform.platform != "optional":  # it gets no call
            evidence.calls += [_call(chances, platform.platform, chances.choice(days)) for _ in range(60)]
    codes = {account.account_code: account.platform for account in evidence.accounts}
    codes["nobodys-account"] = "youtube"
    for code, platform_of in codes.items():
        if chances.random() < 0.5:
            evidence.credentials.append(_credential(chances, code, platform_of, days[-1]))
    evidence.accounts = [
        replace(
            account,
            platform_account_id=account.platform_account_id or f"id-of-{account.account_code}",
            verified_by=chances.choice(["", "budi"]),
            review_due_at=chances.choice([None, None, chances.choice(days)]),
        )
        for account in evidence.accounts
    ]
    handles = {account.account_code: account.handle for account in evidence.accounts}
    evidence.snapshots = [
        replace(
            found,
            handle_seen=chances.choice(
                [None, *[handles.get(found.account_code, "").upper()] * 20, f"demo_new_{found.account_code}"]
            ),
        )
        for found in evidence.snapshots
    ]
    evidence.outcomes = [
        replace(found, detail=chances.choice(DETAILS)) if found.outcome is Outcome.IDENTITY_MISMATCH else found
        for found in evidence.outcomes
    ]


def _call(chances: random.Random, platform: str, day: date) -> Call:
    return Call(
        UUID(int=chances.getrandbits(128)),
        platform,
        at(day, chances.randrange(24), chances.choice([0, 59])),
        chances.choice([0, 1, 1, 1, 3]),
        chances.choice([0, 1, 100]),
        Decimal(chances.choice(["0", "0.000001", "0.005", "1.25"])),
    )


def _credential(chances: random.Random, code: str, platform: str, last: date) -> Credential:
    edges = [-40, -1, 0, 1, WARNING_DAYS, WARNING_DAYS + 1, 300]
    ends = at(last + timedelta(days=chances.choice(edges)), chances.choice([0, 6, 7, 23]))
    return Credential(
        code,
        platform,
        chances.choice([None, at(last, 23)]),
        chances.choice([None, ends, ends, ends]),
        chances.randrange(5),
        at(last, 12),
    )
