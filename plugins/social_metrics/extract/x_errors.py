"""X's errors: problems (RFC 7807), the older form with a code, and errors of single accounts in a reply with 200."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from social_metrics.contract import Outcome
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.json_values import at
from social_metrics.extract.http.replies import Refusal, Reply, refusal_by_status, retry_after

_NOT_ALLOWED = Refusal(Outcome.PERMISSION_MISSING, "", for_all=True)
_USED_UP = Refusal(Outcome.QUOTA_EXHAUSTED, "", for_all=True)  # of the month, or the prepaid credits
_REFUSED = Refusal(Outcome.TOKEN_EXPIRED, "", for_all=True)
_REFUSALS = {  # by the last part of the problem's type (at api.twitter.com and api.x.com), else by reason or title
    **dict.fromkeys(("client-forbidden", "unsupported-authentication", "oauth1-permissions"), _NOT_ALLOWED),
    **dict.fromkeys(("clientforbidden", "unsupportedauthentication", "client-not-enrolled"), _NOT_ALLOWED),
    # Accounts that we may not see are errors of a reply with status 200.
    **dict.fromkeys(("forbidden", "servicesuspended", "service-suspended"), _NOT_ALLOWED),
    **dict.fromkeys(("usage-capped", "credits", "credits-depleted"), _USED_UP),
    **dict.fromkeys(("usagecapexceeded", "spendcapreached", "creditsdepleted"), _USED_UP),
}
_REFUSALS_BY_CODE = {  # of the older error form
    **dict.fromkeys((32, 89, 215), _REFUSED),
    **dict.fromkeys((64, 87, 326, 453), _NOT_ALLOWED),  # our application, or the account that holds it
}
_RATE_LIMIT_CODE = 88
_USED_UP_IN_WORDS = "usage cap exceeded"
_LOCKED_IN_WORDS = "account is temporarily locked"  # the one that holds our application
_IN_BRACKETS = re.compile(r"\[([^\]]+)\]")
_NOT_FOUND = re.compile(r"^could not find (?:user|tweet|post)|^user not found")


def refusal(reply: Reply, now: datetime) -> Refusal | None:
    """Classify a problem that replaces the result; errors in a reply with status 200 concern single accounts."""
    code = reply.member("errors", 0, "code")
    too_fast = code == _RATE_LIMIT_CODE
    title, described = reply.member("title"), reply.member("detail")
    if (reply.status < 300 and title is None and not too_fast) or not _is_problem(reply):
        return None
    given = reply.member("status")
    status = given if isinstance(given, int) and given >= 400 else max(reply.status, 400)
    texts = (title, described, reply.member("errors", 0, "message"))
    detail = ": ".join(part for part in texts if isinstance(part, str)) or f"HTTP {status}"
    names = (_last_part(reply.member("type")), reply.member("reason"), re.sub(r"\W", "", str(title)).lower())
    known = next((_REFUSALS[name] for name in names if isinstance(name, str) and name in _REFUSALS), None)
    known = known or (_REFUSALS_BY_CODE.get(code) if isinstance(code, int) else None)
    if known is not None:
        return replace(known, detail=detail)
    if _LOCKED_IN_WORDS in detail.lower():
        return replace(_NOT_ALLOWED, detail=detail)
    if status == 402 or str(described).lower().startswith(_USED_UP_IN_WORDS):
        return replace(_USED_UP, detail=detail)
    if status == 429 or too_fast:
        return _rate_limit(reply, detail, now)
    if status == 404:  # an account that does not exist is reported with status 200
        return Refusal(Outcome.INVALID_RESPONSE, detail)
    return replace(refusal_by_status(replace(reply, status=status), now), detail=detail)


def _is_problem(reply: Reply) -> bool:
    """Whether the body has a member of X's errors; a proxy's JSON has none."""
    return reply.status in (402, 429) or any(
        reply.member(name) is not None for name in ("title", "detail", "type", "errors")
    )


def _rate_limit(reply: Reply, detail: str, now: datetime) -> Refusal:
    """A limit of the window of 15 minutes, or of the day; without a usable time the account backs off."""
    if reply.headers.get("x-app-limit-24hour-remaining") == "0":
        until_day_ends = _until_reset(reply, "x-app-limit-24hour-reset", now)
        if until_day_ends:
            return replace(_USED_UP, detail=detail, retry_after=until_day_ends)
    wait = _until_reset(reply, "x-rate-limit-reset", now) or retry_after(reply.headers, now)
    return Refusal(Outcome.RATE_LIMITED, detail, transient=True, retry_after=wait, for_all=True)


def _last_part(address: Any) -> str:
    return str(address).rsplit("/", 1)[-1]


def _until_reset(reply: Reply, header: str, now: datetime) -> timedelta | None:
    """The time until the instant of a header; None without one or when it is past."""
    reset = reply.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,10}", reset):
        return None
    until = datetime.fromtimestamp(int(reset), UTC)
    return until - now if until > now else None


def concerned(error: Any) -> list[str]:
    """The ids or handles that an error of a 200 is about; without `value` they stand in brackets in its text."""
    named = at(error, "value") or at(error, "resource_id")
    if named:
        return [str(named)]
    found = _IN_BRACKETS.search(_described(error))
    return [name.strip() for name in found[1].split(",")] if found else []


def _described(error: Any) -> str:
    return str(at(error, "detail") or at(error, "message") or at(error, "title") or "an error without a text")


def account_failure(error: Any, reply: Reply) -> CaptureFailure:
    """The failure of the account that an error of a 200 is about."""
    return CaptureFailure(account_outcome(error), _described(error), response_id=reply.response_id)


def account_outcome(error: Any) -> Outcome:
    """Suspended and unknown accounts have the same type and differ only in the text."""
    kind, described = _last_part(at(error, "type")), _described(error).lower()
    if "suspended" in described:
        return Outcome.ACCOUNT_SUSPENDED
    if kind == "not-authorized-for-resource" or at(error, "title") == "Authorization Error":
        return Outcome.ACCOUNT_PRIVATE
    if kind == "resource-not-found" or at(error, "title") == "Not Found Error" or _NOT_FOUND.search(described):
        return Outcome.ACCOUNT_NOT_FOUND
    if kind in ("resource-unavailable", "internal-error", "field-hydration-failure"):
        return Outcome.PLATFORM_UNAVAILABLE
    return Outcome.INVALID_RESPONSE
