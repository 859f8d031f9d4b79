"""A person's word about a post entered by hand reopens the days from that entry on."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Let words about a post count from the first day on which an API or a person saw it."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
