"""Dashboards: one definition, imported into Superset or Metabase."""
