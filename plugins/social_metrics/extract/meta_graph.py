"""Common parts of Meta's Graph APIs (Facebook, Instagram, Threads): credential, errors, usage headers, paging.

Errors are classified by `code` and `error_subcode` (Meta, "Handle Errors"). The `message` decides where a code has
several meanings: Meta does not translate it, only `error_user_msg`.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from social_metrics.contract import Outcome
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.extract.http.client import ApiClient
from social_metrics.extract.http.json_values import MalformedValueError, text
from social_metrics.extract.http.replies import Refusal, Reply, refusal_by_status, retry_after

# Members of an error that are evidence; `message` is not, because a Facebook post's text has that name.
ERROR_MEMBERS = frozenset({"error", "type", "code", "error_subcode", "is_transient", "fbtrace_id"})

# One token of ours reads every account, so each subcode of 190 concerns that token, not the owner of a page.
# 5 refuses the address of our server; 458 to 467 are such subcodes, sent as the code.
_TOKEN_CODES = frozenset({5, 101, 102, 104, 190, *range(458, 468)})
_RATE_CODES = frozenset({4, 17, 32, 341, 613})
_BUSINESS_RATE_CODES = range(80000, 80100)
# These two count the calls about one page; the others count those of the app or of its user.
_ONE_PAGE_RATE_CODES = frozenset({32, 80001})
_PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})
_APP_CAPABILITY = 3
_POLICY_BLOCK = 368
_DEPRECATED = 12
_INVALID_PARAMETER = 100
_NOT_VISIBLE_SUBCODE = 33
_NO_SUCH_NAME = 803
_PAGE_MOVED = 21

_MOST_MINUTES = 7 * 24 * 60
_NO_SUCH_FIELD = re.compile(r"nonexist(?:ent|ing) field \((\w+)\)")
# What follows names the field to use in its place.
_REPLACEMENT = re.compile(r"\buse\b|\binstead\b|\breplaced\b", re.IGNORECASE)
# Permissions and features of our application and its token, which reads all pages; others may concern one page.
_OF_THE_APPLICATION = re.compile(
    r"reviewable feature|public (?:content|metadata) access|secret proof|application does not have|api access"
    r"|access to this data|valid app id|pages_\w+",
    re.IGNORECASE,
)
_OF_A_ROLE = re.compile(r"administrative permission|\brole\b", re.IGNORECASE)  # on one page
_GONE_OR_HIDDEN = "(gone, unpublished, or not visible to our token)"


def authorize(connection: PlatformConnection, _token: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """The access token as a header, so that it is in no URL.

    With `app_secret` in the connection's extra the proof is added that Meta requires when an app reads pages
    it does not manage (error 100 "requires either app secret proof or an app token").
    """
    token = connection.secret or ""
    secret = connection.app_secret
    proof = {"appsecret_proof": hmac.new(str(secret).encode(), token.encode(), hashlib.sha256).hexdigest()}
    return (proof if secret else {}), {"Authorization": f"Bearer {token}"}


def refusal(reply: Reply, now: datetime) -> Refusal | None:
    """Classify a Graph error, independent of its HTTP status; None without an error."""
    error = reply.member("error")
    if error is None:
        return None
    if not isinstance(error, dict):
        if reply.status >= 300:
            return None  # not Meta's form of an error
        return Refusal(Outcome.INVALID_RESPONSE, "an error without a code in a reply with status 200", transient=True)
    code, subcode = error_codes(reply)
    message = str(error.get("message") or "without a message")
    detail = f"Meta error {_numbered(code, subcode)}: {message}"
    if code in _RATE_CODES or code in _BUSINESS_RATE_CODES:
        wait, for_all = _wait(reply.headers, now), code not in _ONE_PAGE_RATE_CODES
        return Refusal(Outcome.RATE_LIMITED, detail, transient=True, retry_after=wait, for_all=for_all)
    if code in (1, 2) or error.get("is_transient") is True:
        wait = retry_after(reply.headers, now)
        return Refusal(Outcome.PLATFORM_UNAVAILABLE, detail, transient=True, retry_after=wait)
    return _refusal_of_code(code, subcode, message, detail) or _refusal_of_status(reply, detail, now)


def _refusal_of_code(code: int | None, subcode: int | None, message: str, detail: str) -> Refusal | None:
    if code in _TOKEN_CODES or "active access token" in message.lower():
        return Refusal(Outcome.TOKEN_EXPIRED, detail, for_all=True)
    if code in _PERMISSION_CODES:
        of_the_application = _OF_THE_APPLICATION.search(message) and not _OF_A_ROLE.search(message)
        return Refusal(Outcome.PERMISSION_MISSING, detail, for_all=code == _APP_CAPABILITY or bool(of_the_application))
    if code == _POLICY_BLOCK:
        # Meta blocks our credential, not the requested page: nothing is known about the account.
        return Refusal(Outcome.PERMISSION_MISSING, detail, for_all=True)
    if code == _PAGE_MOVED:
        return Refusal(Outcome.IDENTITY_MISMATCH, detail)
    if code == _NO_SUCH_NAME or (code == _INVALID_PARAMETER and subcode == _NOT_VISIBLE_SUBCODE):
        return Refusal(Outcome.ACCOUNT_NOT_FOUND, f"{detail} {_GONE_OR_HIDDEN}")
    if code == _INVALID_PARAMETER:
        return _invalid_parameter(message, detail)
    if code == _DEPRECATED:
        return Refusal(Outcome.INVALID_RESPONSE, detail, withdrawn_field=_REPLACEMENT.split(message)[0])
    return None


def _refusal_of_status(reply: Reply, detail: str, now: datetime) -> Refusal:
    """The meaning of an error whose code is absent or not documented."""
    code, _ = error_codes(reply)
    if code is None and reply.status < 500 and reply.member("error", "type") == "OAuthException":
        return Refusal(Outcome.TOKEN_EXPIRED, detail, for_all=True)  # as documented for an OAuthException alone
    if reply.status in (401, 429) or reply.status >= 500:
        return replace(refusal_by_status(reply, now), detail=detail)
    return Refusal(Outcome.INVALID_RESPONSE, detail)


def get_fields(
    client: ApiClient, endpoint: str, path: str, parameters: Mapping[str, Any], optional: frozenset[str]
) -> Reply:
    """A GET with `fields`, without optional fields that Graph has withdrawn.

    Meta withdraws metrics without notice and then refuses the whole call; the other fields must remain readable.

    Raises:
        CaptureFailure: see `ApiClient.call`; also for a withdrawn field that is required.
    """
    while True:
        fields = fields_without(str(parameters["fields"]), client.withdrawn)
        try:
            return client.get(endpoint, path, {**parameters, "fields": fields})
        except CaptureFailure as failure:
            words = set(re.findall(r"\w+", failure.withdrawn_field or ""))
            named = {name for name in words & optional if fields_without(fields, [name]) != fields}
            if not named:
                raise
            client.withdrawn |= named


def fields_without(fields: str, names: Iterable[str]) -> str:
    """A Graph field list without the named fields, their modifiers and inner fields."""
    for name in names:
        fields = re.sub(rf"(?<![\w.]){name}(?![\w])(?:\.\w+\([^()]*\))*(?:\{{[^{{}}]*\}})?,?", "", fields)
    return re.sub(r",(?=\}|$)", "", fields)


def error_codes(reply: Reply) -> tuple[int | None, int | None]:
    """`code` and `error_subcode` of a Graph error, None where they are absent or not numbers."""
    return _number(reply.member("error", "code")), _number(reply.member("error", "error_subcode"))


def part(value: Any, name: str) -> dict[str, Any] | None:
    """An object inside an object; None when it is missing."""
    if value is None or isinstance(value, dict):
        return value
    raise MalformedValueError(name, value, "an object")


def listed(edge: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in an edge's `data`."""
    data = edge.get("data")
    if not isinstance(data, list):
        raise MalformedValueError(f"data of {name}", data, "a list")
    for entry in data:
        if not isinstance(entry, dict):
            raise MalformedValueError(f"an entry of {name}", entry, "an object")
    return data


def cursor_after(edge: dict[str, Any]) -> str | None:
    """The cursor of an edge's last entry, None when there is none."""
    cursors = part((part(edge.get("paging"), "paging") or {}).get("cursors"), "paging.cursors") or {}
    return text(cursors.get("after"), "paging.cursors.after")


def next_query(edge: dict[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """The query parameters of the page after an edge's page, None on the last one.

    Edges page by a cursor, or by time (`until` with `__paging_token`). `paging.next` itself contains the
    access token: only its paging parameters are read.
    """
    link = text((part(edge.get("paging"), "paging") or {}).get("next"), "paging.next")
    if link is None:
        return None
    after = cursor_after(edge)
    if after is not None:
        return (("after", after),)
    try:
        query = parse_qs(urlsplit(link).query)
    except ValueError:
        query = {}
    found = tuple((name, query[name][0]) for name in ("after", "until", "__paging_token") if name in query)
    if not found:
        raise MalformedValueError("paging", "a next page", "one with a cursor or a time that leads to it")
    return found


def _invalid_parameter(message: str, detail: str) -> Refusal:
    """Code 100 without a subcode has several meanings, distinguished only by the (untranslated) message."""
    text = message.lower()
    if "appsecret_proof" in text or "secret proof" in text:
        return Refusal(
            Outcome.TOKEN_EXPIRED,
            f"{detail} (set app_secret in the connection's extra to the secret of the application that made the token)",
            for_all=True,
        )
    if _OF_THE_APPLICATION.search(message):
        return Refusal(Outcome.PERMISSION_MISSING, detail, for_all=True)
    if "does not exist" in text:
        return Refusal(Outcome.ACCOUNT_NOT_FOUND, f"{detail} {_GONE_OR_HIDDEN}")
    if "permission" in text:
        return Refusal(Outcome.PERMISSION_MISSING, detail)
    if field := _NO_SUCH_FIELD.search(message):
        return Refusal(Outcome.INVALID_RESPONSE, detail, withdrawn_field=field[1])
    return Refusal(Outcome.INVALID_RESPONSE, detail)


def _wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long Meta asks to wait: its own header has minutes, Retry-After seconds or an instant."""
    waits = [retry_after(headers, now), _time_to_regain_access(headers)]
    return max((wait for wait in waits if wait is not None), default=None)


def _time_to_regain_access(headers: Mapping[str, str]) -> timedelta | None:
    try:
        usage = json.loads(headers.get("X-Business-Use-Case-Usage", ""))
    except (ValueError, RecursionError):
        return None
    if not isinstance(usage, dict):
        return None
    entries = [entry for listed in usage.values() if isinstance(listed, list) for entry in listed]
    minutes = [
        min(value, _MOST_MINUTES)
        for value in (e.get("estimated_time_to_regain_access") for e in entries if isinstance(e, dict))
        if isinstance(value, int | float) and value > 0
    ]
    return timedelta(minutes=max(minutes)) if minutes else None


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else None


def _numbered(code: int | None, subcode: int | None) -> str:
    if code is None:
        return "without a code"
    return f"{code}/{subcode}" if subcode is not None else f"{code}"
