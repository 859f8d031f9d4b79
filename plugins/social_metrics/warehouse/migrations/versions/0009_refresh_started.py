"""A refresh that was begun and never saved is known as such: a process may die between the two."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the mark."""
    op.execute("alter table ops.credentials add column refresh_started_at timestamptz")
    op.execute(
        "comment on column ops.credentials.refresh_started_at is "
        "'Set before a refresh is asked for and cleared with its saving; left over, the reply was lost.'"
    )
