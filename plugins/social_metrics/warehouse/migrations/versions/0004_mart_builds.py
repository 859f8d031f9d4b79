"""What every build of the marts has to touch: days reopened by new evidence, and the builds that took them up."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables, the triggers on evidence, the indexes that a day's build looks up by, and the grants."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
