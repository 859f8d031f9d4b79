"""The Graph API's errors, from its "Handling Errors" and "Rate Limits" pages; clients decide by codes, not by texts."""

from typing import Any

from simulator.refusals import Refusal, Refusals


def graph_error(
    message: str, code: int, subcode: int | None = None, status: int = 400, kind: str = "OAuthException", **more: Any
) -> Refusal:
    """An error body of the Graph API; the trace id is added when it is sent."""
    error: dict[str, Any] = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return Refusal(status, {"error": error | more})


_EXPIRED = (
    "Error validating access token: Session has expired on Monday, 10-Aug-26 01:00:00 PDT. "
    "The current time is Monday, 10-Aug-26 01:14:23 PDT."
)
_SESSION_ENDED = (
    "Error validating access token: The session has been invalidated because the user changed their password "
    "or Facebook has changed the session for security reasons."
)
GRAPH_REFUSALS: Refusals = {
    "unauthorized": {
        "invalid": graph_error("Invalid OAuth access token - Cannot parse access token", 190, status=401),
        "no_token": graph_error(
            "An access token is required to request this resource.", 104, status=400, kind="OAuthException"
        ),
        "wrong_proof": graph_error(
            "Invalid appsecret_proof provided in the API argument", 100, kind="GraphMethodException"
        ),
        "no_proof": graph_error(
            "API calls from the server require an appsecret_proof argument", 100, kind="GraphMethodException"
        ),
    },
    "token_expired": {
        "expired": graph_error(_EXPIRED, 190, 463),
        "password_changed": graph_error(_SESSION_ENDED, 190, 460),
        "invalid": graph_error("Error validating access token: The access token is invalid.", 190, 467),
        "no_role": graph_error(
            "Error validating access token: The user associated with the Page access token does not have an "
            "appropriate role on the Page.", 190, 492
        ),
    },
    "token_revoked": {
        "app_removed": graph_error(
            "Error validating access token: The user has not authorized application 000000000000000.", 190, 458
        ),
        "password_changed": graph_error(_SESSION_ENDED, 190, 460),
    },
    "forbidden": {"permission": graph_error("(#200) Permissions error", 200, status=403)},
    "permission_missing": {
        "read_engagement": graph_error(
            "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' "
            "feature. Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages and "
            "https://developers.facebook.com/docs/apps/review/feature#reference-PAGES_ACCESS for details.",
            10,
            status=403,
        ),
        "reviewable_feature": graph_error(
            "(#100) Object does not exist, cannot be loaded due to missing permission or reviewable feature, "
            "or does not support this operation. This endpoint requires the 'pages_read_engagement' permission or "
            "the 'Page Public Content Access' feature. Refer to "
            "https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages for details.",
            100,
        ),
        "app_cannot": graph_error(
            "(#3) Application does not have the capability to make this API call.", 3, status=400
        ),
        "requires": graph_error("(#200) Requires pages_read_engagement permission", 200, status=403),
        "manage_pages": graph_error(
            "(#283) Requires pages_read_engagement permission to manage the object", 283, status=403
        ),
        "appsecret_proof": graph_error(
            "(#100) Pages Public Content Access requires either app secret proof or an app token", 100
        ),
    },
    "not_found": {
        "missing": graph_error(
            "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing "
            "permissions, or does not support this operation. Please read the Graph API documentation at "
            "https://developers.facebook.com/docs/graph-api",
            100,
            33,
            kind="GraphMethodException",
        ),
        "alias": graph_error("(#803) Some of the aliases you requested do not exist: {id}", 803, status=404),
        "path": graph_error(
            "Unknown path components: /{id}", 2500, status=400, kind="OAuthException"
        ),
    },
    "rate_limited": {
        "app": graph_error("(#4) Application request limit reached", 4, status=403, is_transient=True),
        "user": graph_error("(#17) User request limit reached", 17, 2446079, is_transient=True),
        "page": graph_error("(#32) Page request limit reached", 32),
        "custom": graph_error("(#613) Calls to this api have exceeded the rate limit.", 613),
        "business": graph_error(
            "(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, "
            "please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            80001,
        ),
    },
    "server_error": {
        "unknown": graph_error("An unknown error occurred", 1, status=500, is_transient=False),
        "reduce": graph_error(
            "Please reduce the amount of data you're asking for, then retry your request", 1, status=500
        ),
        "transient": graph_error(
            "An unexpected error has occurred. Please retry your request later.", 2, status=500, is_transient=True
        ),
    },
    "unavailable": {
        "service": graph_error("Service temporarily unavailable", 2, status=503, is_transient=True),
    },
    "policy_block": {
        "blocked": graph_error(
            "(#368) The action attempted has been deemed abusive or is otherwise disallowed", 368
        )
    },
    "metric_removed": {
        "invalid": graph_error("(#100) The value must be a valid insights metric", 100),
        "no_metric": graph_error("(#3001) Error validating the insights metric", 3001, 1504028),
    },
    "bad_page_token": {
        "cursor": graph_error("(#100) The After Cursor specified exceeds the max limit supported by this endpoint", 100)
    },
    "invalid_request": {
        "field": graph_error("(#100) Tried accessing nonexisting field ({field}) on node type ({node})", 100),
        "deprecated": graph_error("(#12) {field} field is deprecated for versions v27.0 and higher", 12),
        "syntax": graph_error('Syntax error "Expected end of string instead of "?"." at character 0: {field}', 2500),
        "too_many_ids": graph_error("(#100) Too many IDs. Maximum: 50. Provided: {count}.", 100),
        "method": graph_error("Unsupported post request.", 100, kind="GraphMethodException"),
    },
}  # fmt: skip
INSTAGRAM_REFUSALS: Refusals = {
    **GRAPH_REFUSALS,
    "user_not_found": {
        "indonesian": graph_error(
            "Invalid user id", 110, 2207013, is_transient=False, error_user_title="Pengguna tidak ditemukan",
            error_user_msg="Pengguna dengan nama pengguna {handle} tidak ditemukan.",
        ),
        "english": graph_error(
            "Invalid user id", 110, 2207013, is_transient=False, error_user_title="Cannot find User",
            error_user_msg="The user with username {handle} cannot be found.",
        ),
    },
    # The node of a discovery is our own account: the connection's login.
    "login_unusable": {
        "missing": GRAPH_REFUSALS["not_found"]["missing"],
        "page": graph_error("(#100) Tried accessing nonexisting field (business_discovery) on node type (Page)", 100),
        "restricted": graph_error("The Instagram account is restricted.", 25, 2207050),
    },
    "rate_limited": GRAPH_REFUSALS["rate_limited"]
    | {
        "business": graph_error(
            "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again. For more "
            "info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            80002,
        )
    },
    "permission_missing": {
        "manage_insights": graph_error(
            "(#10) Application does not have permission for this action", 10, status=403
        )
    }
    | GRAPH_REFUSALS["permission_missing"],
}  # fmt: skip
