"""The assets that join the stages: what was captured or entered by hand, and what was made of it.

An asset's address names the table behind it in a form that is the same on every installation: where the
warehouse really is stands in its connection, not here.
"""

from airflow.sdk import Asset

RAW = Asset(
    name="social_metrics_raw",
    uri="postgres://warehouse:5432/social_metrics/raw/capture_outcomes",
    group="social_metrics",
)
"""New captures are in raw. Each event says in its extra how complete the evening is."""

ENTRIES = Asset(
    name="social_metrics_entries",
    uri="postgres://warehouse:5432/social_metrics/raw/manual_confirmations",
    group="social_metrics",
)
"""A second person has confirmed hand entries. Each event says in its extra which."""

MARTS = Asset(
    name="social_metrics_marts",
    uri="postgres://warehouse:5432/social_metrics/marts/leaderboard_followers",
    group="social_metrics",
)
"""The marts show all captures that were in raw when the transform began."""
