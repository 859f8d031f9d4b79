"""YouTube's errors: Google's reasons, old and new; its messages where the reason is a general one."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from social_metrics.contract import Outcome
from social_metrics.extract.http.json_values import at
from social_metrics.extract.http.replies import Refusal, Reply, refusal_by_status, retry_after

_PACIFIC = ZoneInfo("America/Los_Angeles")  # the zone of the quota day

_KEY_REFUSED = Refusal(Outcome.TOKEN_EXPIRED, "", for_all=True)
_NOT_ALLOWED = Refusal(Outcome.PERMISSION_MISSING, "", for_all=True)
_QUOTA_GONE = Refusal(Outcome.QUOTA_EXHAUSTED, "", for_all=True)
_TOO_FAST = Refusal(Outcome.RATE_LIMITED, "", transient=True, for_all=True)
_TEMPORARY = Refusal(Outcome.PLATFORM_UNAVAILABLE, "", transient=True)
_REFUSALS = {
    "keyInvalid": _KEY_REFUSED,
    "keyExpired": _KEY_REFUSED,
    "API_KEY_INVALID": _KEY_REFUSED,
    "authError": _KEY_REFUSED,
    "required": _KEY_REFUSED,  # "Login Required"
    "CREDENTIALS_MISSING": _KEY_REFUSED,
    "dailyLimitExceededUnreg": _KEY_REFUSED,  # a call without a key
    "accessNotConfigured": _NOT_ALLOWED,
    "SERVICE_DISABLED": _NOT_ALLOWED,
    "ipRefererBlocked": _NOT_ALLOWED,
    "insufficientPermissions": _NOT_ALLOWED,
    "API_KEY_SERVICE_BLOCKED": _NOT_ALLOWED,
    "API_KEY_HTTP_REFERRER_BLOCKED": _NOT_ALLOWED,
    "API_KEY_IP_ADDRESS_BLOCKED": _NOT_ALLOWED,
    "CONSUMER_INVALID": _NOT_ALLOWED,
    "CONSUMER_SUSPENDED": _NOT_ALLOWED,
    "BILLING_DISABLED": _NOT_ALLOWED,
    "PERMISSION_DENIED": _NOT_ALLOWED,  # without a reason above: an API key has no permissions of its own to lack
    "channelForbidden": Refusal(Outcome.PERMISSION_MISSING, ""),
    "playlistItemsNotAccessible": Refusal(Outcome.PERMISSION_MISSING, ""),
    "quotaExceeded": _QUOTA_GONE,
    "dailyLimitExceeded": _QUOTA_GONE,
    "rateLimitExceeded": _TOO_FAST,
    "userRateLimitExceeded": _TOO_FAST,
    "RATE_LIMIT_EXCEEDED": _TOO_FAST,
    "servingLimitExceeded": _TOO_FAST,
    "concurrentLimitExceeded": _TOO_FAST,
    "RESOURCE_EXHAUSTED": _TOO_FAST,
    "backendError": _TEMPORARY,
    "internalError": _TEMPORARY,
    "SERVICE_UNAVAILABLE": _TEMPORARY,
    "UNAVAILABLE": _TEMPORARY,
    "invalidPageToken": Refusal(Outcome.INVALID_RESPONSE, ""),
    "channelNotFound": Refusal(Outcome.ACCOUNT_NOT_FOUND, ""),
    "channelClosed": Refusal(Outcome.ACCOUNT_NOT_FOUND, ""),
    "channelSuspended": Refusal(Outcome.ACCOUNT_SUSPENDED, ""),
    # Of an existing channel: it has no uploads. `read_posts` returns an empty listing.
    "playlistNotFound": Refusal(Outcome.ACCOUNT_NOT_FOUND, ""),
}
# Google's messages are English. They decide where the reason is a general one, such as `forbidden`, or absent.
_REFUSALS_IN_WORDS = (
    (
        re.compile(
            r"API key (?:not valid|not found|expired)|missing a valid API key|unregistered callers", re.IGNORECASE
        ),
        _KEY_REFUSED,
    ),
    (
        re.compile(
            r"^Requests .*\bare blocked|address restriction|\bConsumer .*\bsuspended|not been used in project",
            re.IGNORECASE,
        ),
        _NOT_ALLOWED,
    ),
    (re.compile(r"exceeded your .*\bquota\b", re.IGNORECASE), _QUOTA_GONE),
)
_PER_DAY = re.compile(r"\bper day\b|PerDay|^1/d/", re.IGNORECASE)


def refusal(reply: Reply, now: datetime) -> Refusal | None:
    """Classify an error by its reason, independent of its HTTP status; None without an error of Google's form."""
    error = reply.member("error")
    if error is None or (reply.status >= 300 and not isinstance(error, dict)):
        return None
    message = reply.member("error", "message")
    first_reason = reply.member("error", "errors", 0, "reason")
    detail = ": ".join(str(text) for text in (first_reason, message) if text) or f"HTTP {reply.status}"
    known = _known_refusal(reply, first_reason, message)
    if known is None:
        code = reply.member("error", "code")
        status = code if isinstance(code, int) and code >= 400 else max(reply.status, 400)
        if status == 404:  # a channel that does not exist is missing from a 200
            return Refusal(Outcome.INVALID_RESPONSE, detail)
        return replace(refusal_by_status(replace(reply, status=status), now), detail=detail)
    wait = _until_quota_returns(now) if known is _QUOTA_GONE else retry_after(reply.headers, now)
    return replace(known, detail=detail, retry_after=wait)


def _known_refusal(reply: Reply, first_reason: Any, message: Any) -> Refusal | None:
    listed = reply.member("error", "details")
    details = listed if isinstance(listed, list) else []
    words = message if isinstance(message, str) else ""
    reasons = [first_reason, *(at(detail, "reason") for detail in details), message]
    known = next((_REFUSALS[reason] for reason in reasons if isinstance(reason, str) and reason in _REFUSALS), None)
    known = known or next((refusal for pattern, refusal in _REFUSALS_IN_WORDS if pattern.search(words)), None)
    known = known or _REFUSALS.get(str(reply.member("error", "status")))
    if known is not _TOO_FAST:
        return known
    # A limit of a day has the reason of a limit of a minute; only its name tells them apart.
    limits = [at(detail, "metadata", name) for detail in details for name in ("quota_limit", "quota_unit")]
    is_of_the_day = any(_PER_DAY.search(text) for text in (words, *limits) if isinstance(text, str))
    return _QUOTA_GONE if is_of_the_day else _TOO_FAST


def _until_quota_returns(now: datetime) -> timedelta:
    """Quota resets at midnight Pacific Time."""
    tomorrow = now.astimezone(_PACIFIC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), _PACIFIC).astimezone(UTC) - now
