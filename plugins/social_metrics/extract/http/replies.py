"""A platform's reply, and the meaning of a refusal that its body does not explain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.json_values import at

MINIMUM_BACK_OFF = timedelta(minutes=15)
"""How long an account backs off from a rate limit that names no time, or one in the past (`ApiClient`)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a call: calls, the platform's quota units, US$."""

    calls: int = 1
    quota_units: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Reply:
    """One response, parsed. `body` is None when it was not JSON."""

    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: Any
    response_id: UUID
    received_at: datetime

    def member(self, *path: str | int) -> Any:
        """The value at a path of member names and list positions, or None where the path does not exist."""
        return at(self.body, *path)

    def unusable(self, detail: str) -> CaptureFailure:
        """The failure of a reply with status 200 and unusable content."""
        return CaptureFailure(Outcome.INVALID_RESPONSE, detail, response_id=self.response_id)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that refuses the request.

    Args:
        outcome: its meaning for the requested account(s).
        detail: the platform's message.
        transient: another try within this call can help.
        retry_after: how long the platform asks to wait, if it names a time.
        for_all: it concerns the credential or the whole platform.
        withdrawn_field: a requested field that the platform no longer offers for any account, or words that name it.
    """

    outcome: Outcome
    detail: str
    transient: bool = False
    retry_after: timedelta | None = None
    for_all: bool = False
    withdrawn_field: str | None = None


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for, in either of its forms (RFC 9110, 10.2.3); None without one."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,12}", value):
        return timedelta(seconds=min(int(value), 7 * 86_400))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - now, timedelta(0))


def refusal_by_status(reply: Reply, now: datetime) -> Refusal:
    """The meaning of the platform's own error whose body does not explain it; the instant is now, UTC."""
    wait = retry_after(reply.headers, now)
    detail = f"HTTP {reply.status}" + ("" if reply.body is not None else ", not JSON")
    if reply.status == 429:
        return Refusal(Outcome.RATE_LIMITED, detail, transient=True, retry_after=wait)
    if reply.status >= 500:
        return Refusal(Outcome.PLATFORM_UNAVAILABLE, detail, transient=True, retry_after=wait)
    if reply.status == 401:
        return Refusal(Outcome.TOKEN_EXPIRED, detail, for_all=True)
    if reply.status == 403:
        return Refusal(Outcome.PERMISSION_MISSING, detail)
    if reply.status == 404:
        return Refusal(Outcome.ACCOUNT_NOT_FOUND, detail)
    return Refusal(Outcome.INVALID_RESPONSE, detail, transient=reply.status < 300)


def foreign_refusal(reply: Reply, now: datetime) -> Refusal:
    """The meaning of a body that is not the platform's, such as a proxy's page of HTML or JSON without its members.

    It says nothing about a credential, a permission or an account.
    """
    refusal = refusal_by_status(reply, now)
    if reply.status in (401, 403, 407, 511):
        detail = f"{refusal.detail}: the body is not the platform's, so a proxy or a firewall may have answered"
        return Refusal(Outcome.PLATFORM_UNAVAILABLE, detail, retry_after=refusal.retry_after)
    if reply.status == 404:
        return replace(refusal, outcome=Outcome.INVALID_RESPONSE)
    return refusal
