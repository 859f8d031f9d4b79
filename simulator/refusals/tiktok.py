"""TikTok's errors: `error` objects of the API, and the different ones of its OAuth endpoint."""

from simulator.refusals import Refusal, Refusals


def _error(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"data": {}, "error": {"code": code, "message": message}})


def _oauth(code: str, description: str) -> Refusal:
    return Refusal(400, {"error": code, "error_description": description})


_BAD_TOKEN = "The access token is invalid or not found in the request."  # noqa: S105 - a message
_NO_SCOPE = "The user did not authorize the scope required for completing this request."
_NO_PERMISSION = "The application did not have the scope required for completing this request."

TIKTOK_REFUSALS: Refusals = {
    "unauthorized": {
        "invalid": _error(401, "access_token_invalid", _BAD_TOKEN)
    },
    "token_expired": {
        "access": _error(401, "access_token_invalid", _BAD_TOKEN),
        "refresh": _oauth("invalid_grant", "Refresh token is invalid or expired."),
    },
    "token_revoked": {
        "refresh": _oauth("invalid_grant", "Refresh token is invalid or expired."),
        "access": _error(401, "access_token_invalid", _BAD_TOKEN),
    },
    "bad_client": {"client": _oauth("invalid_client", "Client key or secret is incorrect.")},
    "bad_oauth_request": {
        "content_type": _oauth("invalid_request", "Only `application/x-www-form-urlencoded` is accepted."),
        "grant_type": _oauth("unsupported_grant_type", "The grant type is not supported."),
        "parameter": _oauth("invalid_request", "A required parameter is missing: {parameter}."),
    },
    "forbidden": {
        "scope": _error(401, "scope_not_authorized", _NO_SCOPE)
    },
    "permission_missing": {
        "not_authorized": _error(401, "scope_not_authorized", _NO_SCOPE),
        "permission_missed": _error(401, "scope_permission_missed", _NO_PERMISSION),
    },
    "not_found": {"path": _error(404, "invalid_params", "Unsupported path(Janus).")},
    "invalid_request": {"params": _error(400, "invalid_params", "{message}")},
    "bad_page_token": {"cursor": _error(400, "invalid_params", "Invalid cursor")},
    "rate_limited": {
        "limit": _error(429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later.")
    },
    "server_error": {
        "internal": _error(500, "internal_error", "Something went wrong. Please try again later.")
    },
    "unavailable": {
        "service": _error(503, "internal_error", "Service is temporarily unavailable. Please try again later.")
    },
}  # fmt: skip
