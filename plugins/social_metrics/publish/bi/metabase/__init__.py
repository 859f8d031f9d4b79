"""Metabase: cards and import."""
