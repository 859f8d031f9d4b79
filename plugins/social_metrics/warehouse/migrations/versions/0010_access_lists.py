"""Who had access in a month is noted whenever it changes, not only on the day of the close."""

from alembic import op

revision = "0010"
down_revision = "0009"

ACCESS_LISTS = """
create table audit.access_lists (
    list_no bigint generated always as identity primary key,
    access jsonb not null,
    -- May be NULL for the catalogue only: a list has no evidence's day, it belongs to the seal that it is noted with.
    noted_at timestamptz default clock_timestamp()
);
comment on table audit.access_lists is
    'One row per change of who may log in to the warehouse and with which groups, noted by whoever seals.';
create trigger refuse_change before update or delete or truncate on audit.access_lists
    for each statement execute function audit.refuse_change();
grant select, insert on audit.access_lists to social_metrics_closer;
grant select on audit.access_lists to social_metrics_auditor;
"""


def upgrade() -> None:
    """Create the table, with its grants and the trigger that refuses a change."""
    op.execute(ACCESS_LISTS)
