"""Listings of posts that were not believed, and which posts they lacked."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table and the grants."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
