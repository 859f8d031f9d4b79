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
                    "authorization_mode": {
                        "label": "Authorization",
                        "description": "owner: the account's owner authorised us. public: public data only; "
                        "the platform's terms then limit how long the numbers may be kept. amendment: public, and the "
                        "platform has accepted this project (docs/compliance.md).",
                        "schema": {
                            "type": ["string", "null"],
                            "enum": ["public", "owner", "amendment"],
                            "default": "public",
                        },
                    },
                    "api_version": {
                        "label": "API version",
                        "description": "Only to use another version than the platform file was written for.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "app_secret": {
                        "label": "Application secret (Meta)",
                        "description": "Facebook, Instagram, Threads: every call then carries the proof that Meta "
                        "requires of an application that reads pages which it does not manage.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "credential_name": {
                        "label": "Name in the spend ledger",
                        "description": "Distinguishes several credentials of one platform; never the secret itself.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "daily_call_limit": {
                        "label": "Calls a day",
                        "description": "Of this credential alone, in addition to the limits of platforms.csv; per "
                        "budget day of the platform.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "daily_quota_limit": {
                        "label": "Quota units a day",
                        "description": "The same in the platform's quota units.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "daily_usd_limit": {
                        "label": "US$ a day",
                        "description": "The same in money, such as 1.50.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "monthly_usd_limit": {
                        "label": "US$ a month",
                        "description": "The same for a month; fewer older posts are re-read before it is spent.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "expires_at": {
                        "label": "Secret ends on",
                        "description": "A date such as 2027-01-31. Warnings come 30, 14, 7 and 2 days before it.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "simulated_clock": {
                        "label": "Simulated clock",
                        "description": "Only for a connection to the local simulator; refused everywhere else.",
                        "schema": {"type": ["boolean", "null"], "default": False},
                    },
                    "platform": {
                        "label": "Platform",
                        "description": "Needed by the test button, and by connections whose id is not "
                        "social_metrics_<platform>.",
                        "schema": {"type": ["string", "null"]},
                    },
                },
            }
        ],
    }
