"""The package as an Airflow provider: its connection type and the form of that type."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Provider information (entry point `apache_airflow_provider`)."""
    return {
        "package-name": "social-metrics",
        "name": "Social metrics",
        "description": "Connections to the platforms on which the rehabilitation centers publish.",
        "connection-types": [
            {
                "connection-type": "social_api",
                "hook-class-name": "social_metrics.orchestration.hooks.social_api.SocialApiHook",
                "hook-name": "Social media API",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {
                        "host": "Address",
                        "login": "Client key, or our own Instagram user id",
                        "password": "API key, access token, bearer or client secret",
                    },
                    "placeholders": {"host": "https://www.googleapis.com"},
                },
                "conn-fields": {
                    name: {"label": label, "description": description, "schema": schema}
                    for name, (label, schema, description) in _FIELDS.items()
                },
            }
        ],
    }


_TEXT = {"type": ["string", "null"]}
_FIELDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "authorization_mode": (
        "Authorization",
        _TEXT | {"enum": ["public", "owner", "amendment"], "default": "public"},
        "owner: the account's owner authorised us. public: public data only; the platform's terms then limit how long "
        "the numbers may be kept. amendment: public, and the platform has accepted this project (docs/compliance.md).",
    ),
    "api_version": ("API version", _TEXT, "Only to use another version than the platform file was written for."),
    "app_secret": (
        "Application secret (Meta)",
        _TEXT | {"format": "password"},
        "Facebook, Instagram, Threads: every call then carries the proof that Meta requires of an application that "
        "reads pages which it does not manage.",
    ),
    "credential_name": (
        "Name in the spend ledger",
        _TEXT,
        "Distinguishes several credentials of one platform; never the secret itself.",
    ),
    "daily_call_limit": (
        "Calls a day",
        _TEXT,
        "Of this credential alone, in addition to the limits of platforms.csv; per budget day of the platform.",
    ),
    "daily_quota_limit": ("Quota units a day", _TEXT, "The same in the platform's quota units."),
    "daily_usd_limit": ("US$ a day", _TEXT, "The same in money, such as 1.50."),
    "monthly_usd_limit": (
        "US$ a month",
        _TEXT,
        "The same for a month; fewer older posts are re-read before it is spent.",
    ),
    "expires_at": ("Secret ends on", _TEXT, "A date such as 2027-01-31. Warnings come 30, 14, 7 and 2 days before it."),
    "simulated_clock": (
        "Simulated clock",
        {"type": ["boolean", "null"], "default": False},
        "Only for a connection to the local simulator; refused everywhere else.",
    ),
    "platform": (
        "Platform",
        _TEXT,
        "Needed by the test button, and by connections whose id is not social_metrics_<platform>.",
    ),
}
"""Fields of the form's extra: label, JSON schema, description."""
