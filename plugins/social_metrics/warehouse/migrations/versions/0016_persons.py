"""Persons are compared in a canonical form; person and time of an act are the database's."""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the canonical form, and let constraints and triggers use it."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
