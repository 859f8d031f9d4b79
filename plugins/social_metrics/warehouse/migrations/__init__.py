"""Alembic migrations of `raw`, `ops` and later `audit`; dbt owns every other schema."""
