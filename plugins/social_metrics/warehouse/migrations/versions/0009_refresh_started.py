"""A refresh that was begun and never saved is known as such: a process may die between the two."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the mark."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
