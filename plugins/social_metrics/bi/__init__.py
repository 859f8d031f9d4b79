"""Dashboards: their definitions in bi/dashboards/, dbt's words for what they show, and the tools that draw them."""
