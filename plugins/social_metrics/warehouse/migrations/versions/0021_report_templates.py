"""What a report was rendered with: template, settings, newest seal, and the figures of a provisional one."""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the columns, and the trigger that checks name and close."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
