"""Superset: bundle, charts, access and import."""
