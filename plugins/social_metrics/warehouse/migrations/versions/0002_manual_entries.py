"""Entry by hand, confirmed by a second person, and a person's word on an account whose identity changed."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables and the grants."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
