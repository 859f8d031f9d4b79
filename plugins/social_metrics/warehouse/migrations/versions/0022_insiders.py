"""What single logins of the groups could still spoil: shadowed names, double ends, late answers, free instants."""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add constraints and triggers, and pin the search path of every function."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
