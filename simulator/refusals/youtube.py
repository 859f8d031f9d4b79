"""YouTube's errors, from its "Errors" page and recorded bodies."""

from typing import Any

from simulator.refusals import Refusal, Refusals

_QUOTA_TEXT = (
    "The request cannot be completed because you have exceeded your "
    '<a href="/youtube/v3/getting-started#quota">quota</a>.'
)


def _error(http: int, reason: str, domain: str, message: str, **more: Any) -> Refusal:
    details = {"message": message, "domain": domain, "reason": reason}
    return Refusal(http, {"error": {"code": http, "message": message, "errors": [details], **more}})


_BAD_KEY_NEW = _error(
    400,
    "badRequest",
    "global",
    "API key not valid. Please pass a valid API key.",
    status="INVALID_ARGUMENT",
    details=[
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "youtube.googleapis.com"},
        }
    ],
)
_BAD_KEY_OLD = Refusal(
    400,
    {
        "error": {
            "errors": [{"domain": "usageLimits", "reason": "keyInvalid", "message": "Bad Request"}],
            "code": 400,
            "message": "Bad Request",
        }
    },
)
_NO_KEY = _error(
    403,
    "forbidden",
    "global",
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API.",
    status="PERMISSION_DENIED",
)
_BACKEND = _error(503, "backendError", "global", "Backend Error", status="UNAVAILABLE")

YOUTUBE_REFUSALS: Refusals = {
    "unauthorized": {
        "auth": _error(401, "authError", "global", "Invalid Credentials", status="UNAUTHENTICATED")
    },
    "token_expired": {
        "auth": _error(401, "authError", "global", "Invalid Credentials", status="UNAUTHENTICATED")
    },
    "token_revoked": {
        "auth": _error(401, "authError", "global", "Invalid Credentials", status="UNAUTHENTICATED")
    },
    "bad_key": {"old": _BAD_KEY_OLD, "new": _BAD_KEY_NEW},
    "no_key": {"no_key": _NO_KEY},
    "forbidden": {
        "forbidden": _error(
            403, "forbidden", "youtube.common",
            "The request is not properly authorized.", status="PERMISSION_DENIED",
        )
    },
    "permission_missing": {
        "scopes": _error(
            403, "insufficientPermissions", "global",
            "Request had insufficient authentication scopes.", status="PERMISSION_DENIED",
        )
    },
    "api_disabled": {
        "not_configured": _error(
            403, "accessNotConfigured", "usageLimits",
            "YouTube Data API v3 has not been used in project 000000000000 before or it is disabled.",
            status="PERMISSION_DENIED",
        )
    },
    "quota_exhausted": {
        "daily": _error(403, "quotaExceeded", "youtube.quota", _QUOTA_TEXT),
        "429": _error(
            429, "rateLimitExceeded", "global",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per day' of service 'youtube.googleapis.com' "
            "for consumer 'project_number:000000000000'.",
            status="RESOURCE_EXHAUSTED",
            details=[
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "RATE_LIMIT_EXCEEDED",
                    "domain": "googleapis.com",
                    "metadata": {"quota_limit": "defaultPerDayPerProject", "quota_limit_value": "10000"},
                }
            ],
        ),
    },
    "rate_limited": {
        "project": _error(403, "rateLimitExceeded", "usageLimits", "Rate Limit Exceeded"),
        "user": _error(403, "userRateLimitExceeded", "usageLimits", "User Rate Limit Exceeded"),
        "429": _error(
            429, "rateLimitExceeded", "global",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'.",
            status="RESOURCE_EXHAUSTED",
        ),
    },
    "not_found": {"not_found": _error(404, "notFound", "global", "Requested entity was not found.")},
    "playlist_not_found": {
        "playlist": _error(
            404, "playlistNotFound", "youtube.playlistItem",
            "The playlist identified with the request's <code>playlistId</code> parameter cannot be found.",
        )
    },
    "bad_page_token": {
        "page_token": _error(
            400, "invalidPageToken", "youtube.parameter",
            "The request specifies an invalid page token.",
        )
    },
    "invalid_request": {
        "parameter": _error(400, "{reason}", "youtube.parameter", "{message}"),
        "part": _error(400, "unknownPart", "youtube.part", "'{message}'"),
        "fields": _error(400, "invalidParameter", "global", "Invalid field selection {message}"),
    },
    "server_error": {
        "backend": _error(500, "backendError", "global", "Internal error encountered.", status="INTERNAL")
    },
    "unavailable": {
        "backend": _BACKEND,
        "inside_403": _error(
            403, "SERVICE_UNAVAILABLE", "youtube.common", "The service is currently unavailable.",
            status="SERVICE_UNAVAILABLE",
        ),
    },
}  # fmt: skip
