"""The marts may know until when a credential holds, and nothing of the credential."""

from alembic import op

revision = "0006"
down_revision = "0005"

GRANTS = """
grant select (account_code, platform, access_expires_at, refresh_expires_at, generation, updated_at)
    on ops.credentials to social_metrics_transformer;
"""


def upgrade() -> None:
    """Grant the columns that hold no secret."""
    op.execute(GRANTS)
