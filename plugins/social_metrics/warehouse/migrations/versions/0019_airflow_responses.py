"""Answers to Airflow's forms, copied from Airflow's own record by a login that no task holds."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table, its triggers, and the columns that name an answer."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
