"""The assets that connect the DAGs: captures, confirmed entries, and marts.

The URI of an asset names its table, the same on every installation; the warehouse's real address is in its
connection.
"""

from airflow.sdk import Asset

RAW = Asset(
    name="social_metrics_raw",
    uri="postgres://warehouse:5432/social_metrics/raw/capture_outcomes",
    group="social_metrics",
)
"""New captures are in raw. The extra of each event says how complete the day is."""

ENTRIES = Asset(
    name="social_metrics_entries",
    uri="postgres://warehouse:5432/social_metrics/raw/manual_confirmations",
    group="social_metrics",
)
"""A second person has confirmed manual entries. The extra of each event lists them."""

MARTS = Asset(
    name="social_metrics_marts",
    uri="postgres://warehouse:5432/social_metrics/marts/leaderboard_followers",
    group="social_metrics",
)
"""The marts show all captures that were in raw when the transform started."""
