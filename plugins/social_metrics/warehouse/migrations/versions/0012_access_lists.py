"""Who had access in a month is noted whenever it changes, not only on the day of the close."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table, with its grants and the trigger that refuses a change."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
