"""Upkeep: indexes by which a day is found among years, statistics, and emptied months that are let go."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the indexes and the functions."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
