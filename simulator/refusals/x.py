"""X's errors: RFC 7807 problems, and the older code 88."""

from typing import Any

from simulator.refusals import Refusal, Refusals

_ENROLLED = (
    "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter "
    "developer App that is attached to a Project. You can create a project via the developer portal."
)

_UNTYPED_CAP = {
    "title": "UsageCapExceeded",
    "period": "Monthly",
    "scope": "Product",
    "detail": "Usage cap exceeded: Monthly product cap",
}


def _problem(status: int, title: str, kind: str, detail: str, **more: Any) -> Refusal:
    return Refusal(status, {"title": title, "type": kind, "status": status, "detail": detail, **more})


X_REFUSALS: Refusals = {
    "unauthorized": {"unauthorized": _problem(401, "Unauthorized", "about:blank", "Unauthorized")},
    "token_expired": {"unauthorized": _problem(401, "Unauthorized", "about:blank", "Unauthorized")},
    "token_revoked": {"unauthorized": _problem(401, "Unauthorized", "about:blank", "Unauthorized")},
    "forbidden": {
        "not_enrolled": Refusal(
            403,
            {
                "client_id": "00000000", "detail": _ENROLLED,
                "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
                "title": "Client Forbidden", "required_enrollment": "Appropriate Level of API Access",
                "reason": "client-not-enrolled", "type": "https://api.twitter.com/2/problems/client-forbidden",
            },
        )
    },
    "permission_missing": {
        "unsupported": _problem(
            403, "Unsupported Authentication", "https://api.twitter.com/2/problems/unsupported-authentication",
            "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
        )
    },
    "not_found": {"path": _problem(404, "Not Found", "about:blank", "Not Found")},
    "rate_limited": {
        "too_many": _problem(429, "Too Many Requests", "about:blank", "Too Many Requests"),
        "code_88": Refusal(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
        "no_reset": _problem(429, "Too Many Requests", "about:blank", "Too Many Requests"),
        "past_reset": _problem(429, "Too Many Requests", "about:blank", "Too Many Requests"),
    },
    "usage_cap": {
        "monthly": Refusal(
            429,
            {
                "account_id": 2056915467785113600, "product_name": "pay-per-use", "title": "UsageCapExceeded",
                "period": "Monthly", "scope": "Product", "detail": "Usage cap exceeded: Monthly product cap",
                "type": "https://api.twitter.com/2/problems/usage-capped",
            },
        ),
        "403": Refusal(
            403,
            {
                "title": "UsageCapExceeded", "period": "Monthly", "scope": "Account",
                "detail": "Usage cap exceeded: Monthly account cap",
                "type": "https://api.x.com/2/problems/usage-capped",
            },
        ),
        "untyped": Refusal(429, _UNTYPED_CAP),
        "untyped_403": Refusal(403, _UNTYPED_CAP),
    },
    "credits_depleted": {
        "depleted": Refusal(
            402,
            {
                "account_id": 2056915467785113600, "title": "CreditsDepleted",
                "detail": "Your enrolled account [2056915467785113600] does not have any credits to fulfill "
                          "this request.",
                "type": "https://api.twitter.com/2/problems/credits",
            },
        ),
        "payment_required": Refusal(
            402,
            {
                "title": "Payment Required", "status": 402, "detail": "Credits depleted.",
                "type": "https://api.x.com/2/problems/credits-depleted",
            },
        ),
    },
    "invalid_request": {
        "parameter": Refusal(
            400,
            {
                "errors": [{"parameters": {"{parameter}": ["{value}"]}, "message": "{message}"}],
                "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
                "type": "https://api.twitter.com/2/problems/invalid-request",
            },
        )
    },
    "server_error": {
        "internal": _problem(500, "Internal Server Error", "about:blank", "Internal Server Error"),
        "bad_gateway": _problem(502, "Bad Gateway", "about:blank", "Bad Gateway"),
    },
    "unavailable": {
        "service": _problem(503, "Service Unavailable", "about:blank", "Service Unavailable"),
        "gateway_timeout": _problem(504, "Gateway Timeout", "about:blank", "Gateway Timeout"),
    },
}  # fmt: skip
