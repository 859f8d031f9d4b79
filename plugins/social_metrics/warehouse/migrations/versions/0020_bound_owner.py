"""Evidence binds its owner too: triggers refuse every change but the emptying that retention does."""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the triggers, and let the database name person and time of a purge."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
