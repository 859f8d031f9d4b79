"""Rights on the record: only the service writes seals, drafts and reports; stored rules run as a role that reads."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the roles, the table of rule versions and the triggers, and take closer's rights to insert."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
