"""Raw and ops: append-only evidence in monthly partitions, roles that cannot do more than their work."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create roles, schemas, tables, the partition function and the grants."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
