"""The marts may know until when a credential holds, and nothing of the credential."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Grant the columns that hold no secret."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
