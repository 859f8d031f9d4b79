"""Which paper went to whom, and which code wrote a run's evidence; nobody changes either afterwards."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create both tables, with their grants and the trigger that refuses a change."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
