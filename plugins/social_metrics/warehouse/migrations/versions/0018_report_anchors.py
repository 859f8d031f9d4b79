"""What an issued report rests on: the digest of its close, and the head of the log that it prints."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
