"""Retention: what the platforms' terms take away is emptied or deleted, and each loss is written down for good."""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns, the record of losses, what keeps both honest, and the grants."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
