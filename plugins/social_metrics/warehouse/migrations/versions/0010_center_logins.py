"""Centers read the marts by logins of their own: the group that they are in, and which login is whose."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the group, the table and the function."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
