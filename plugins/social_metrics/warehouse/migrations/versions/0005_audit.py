"""Audit: seals over the evidence, the closed months and who answers for them; nobody changes a row once it is there."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables, the triggers that refuse every change, and the grants."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
