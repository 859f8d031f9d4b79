"""Rows of raw with content that may not be kept any longer, with reason and rule.

Four reasons, the first that fits: `revoked` (the owner withdrew the authorisation), `expired` (the row's own period
has ended), `rule_shortened` (today's rule is shorter), `post_removed` (caption of a post that is no longer shown).
"""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from social_metrics.contract import AuthorizationMode
from social_metrics.registry.registry import Registry
from social_metrics.registry.retention_rules import RetentionRules


@dataclass(frozen=True)
class Target:
    """A table with content to purge; the SQL calls it `source`, and a response `response`.

    `empties` are the columns set to NULL, and `on_revocation` further ones after a revocation; of a table without such
    columns the rows are deleted.
    """

    table: str
    field: str
    keys: tuple[str, ...]
    instant: str
    platform: str = "source.platform"
    mode: str = "null::text"
    joins: str = ""
    of_account: str = "source.account_code = revocations.account_code"
    empties: tuple[str, ...] = ()
    on_revocation: tuple[str, ...] = ()

    @property
    def relation(self) -> sql.Identifier:
        """The table's name, quoted."""
        return sql.Identifier(*self.table.split("."))

    @property
    def due(self) -> sql.Identifier:
        """The temporary table with the keys of due rows."""
        return sql.Identifier("pg_temp", "due_" + self.table.split(".")[1])

    def holds(self, columns: tuple[str, ...]) -> sql.Composable:
        """The condition that a row still has content to purge."""
        if not columns:
            return sql.SQL("true")
        names = sql.SQL(", ").join(sql.Identifier("source", column) for column in columns)
        return sql.SQL("num_nonnulls({}) > 0").format(names)

    @property
    def same_row(self) -> sql.Composable:
        """The condition that `source` and `due` are one row."""
        pairs = (sql.SQL("source.{0} = due.{0}").format(sql.Identifier(key)) for key in self.keys)
        return sql.SQL(" and ").join(pairs)


TARGETS = (
    Target(
        "raw.profile_snapshots",
        "counts",
        ("attempt_id", "captured_at"),
        "source.captured_at",
        mode="source.authorization_mode",
        empties=("followers_count", "followers_precision_step", "following_count", "posts_count", "views_count"),
        on_revocation=("handle_seen", "platform_account_id_seen"),
    ),
    Target(
        "raw.posts",
        "counts",
        ("account_code", "post_id", "captured_at", "response_id"),
        "source.captured_at",
        empties=("like_count", "comment_count", "share_count", "view_count"),
        on_revocation=("url",),
    ),
    Target(
        "raw.post_captions",
        "captions",
        ("account_code", "post_id", "content_hash", "captured_at"),
        "source.captured_at",
    ),
    Target(
        "raw.response_bodies",
        "bodies",
        ("response_id", "received_at"),
        "source.received_at",
        platform="response.platform",
        joins="join raw.api_responses as response using (response_id, received_at)",
        # A response may hold several accounts: its bytes are deleted with the first withdrawn consent.
        of_account=(
            "(source.response_id, revocations.account_code) in "
            "(select response_id, account_code from pg_temp.response_accounts)"
        ),
    ),
)

_LIFETIMES = """
create temporary table lifetimes (
    field text, platform text, mode text, lifetime interval, source text, primary key (field, platform, mode)
) on commit drop
"""

_RESPONSE_ACCOUNTS = """
create temporary table response_accounts on commit drop as
select distinct observed.response_id, observed.account_code
from (
    select response_id, account_code, captured_at as observed_at from raw.profile_snapshots
    union all
    select response_id, account_code, captured_at from raw.posts
    union all
    select response_id, account_code, attempted_at from raw.capture_outcomes where response_id is not null
) as observed
join ops.revocations using (account_code)
where observed.observed_at <= revocations.revoked_at
"""

_DUE = """
create temporary table {name} on commit drop as
select found.* from (
    select {source_keys}, {platform} as platform, {mode} as mode, {instant} as instant,
        revoked.account_code as revoked_account,
        coalesce(lifetimes.source, 'no rule names this platform any more') as rule,
        case
            when revoked.account_code is not null then 'revoked'
            when source.expires_at <= %(now)s then 'expired'
            when {instant} + lifetimes.lifetime <= %(now)s then 'rule_shortened'
            else {removed}
        end as reason
    from {relation} as source {joins}
    left join pg_temp.lifetimes on lifetimes.field = {field} and lifetimes.platform = {platform}
        and lifetimes.mode = coalesce({mode}, '')
    left join lateral (
        select revocations.account_code from ops.revocations
        where {of_account} and {instant} <= revocations.revoked_at and revocations.revoked_at <= %(now)s
            and {holds_all}
        limit 1
    ) as revoked on true
    where revoked.account_code is not null or {holds}
) as found
where found.reason is not null
"""

_REMOVED = """(
    select case when seen.presence = 'absent' then 'post_removed' end from raw.posts as seen
    where seen.account_code = source.account_code and seen.post_id = source.post_id
    order by seen.captured_at desc, seen.response_id desc limit 1
)"""


@dataclass(frozen=True)
class Due:
    """Due rows of one kind: their number, their oldest instant (UTC) and the rule."""

    table: str
    field: str
    platform: str
    authorization_mode: str | None
    reason: str
    account_code: str | None  # whose revocation it was
    row_count: int
    oldest: datetime
    rule: str


def find_due(
    connection: psycopg.Connection,
    rules: RetentionRules,
    registry: Registry,
    now: datetime,
    targets: tuple[Target, ...] = TARGETS,
) -> list[Due]:
    """Find due rows, within a transaction; the keys stay in the temporary tables `Target.due` until it ends.

    Args:
        connection: as the role retention, within a transaction.
        rules: today's periods.
        registry: the platforms.
        now: the aware instant at which expiry is judged.
        targets: the tables to search.
    """
    connection.execute(_LIFETIMES)
    with connection.cursor().copy("copy pg_temp.lifetimes from stdin") as copy:
        for name, platform in registry.platforms.items():
            for field in ("bodies", "captions"):
                rule = rules.rule(name, field)
                copy.write_row((field, name, "", rule.lifetime(platform), rule.source))
            for mode in AuthorizationMode:
                rule = rules.rule(name, "counts", mode)
                copy.write_row(("counts", name, mode.value, rule.lifetime(platform), rule.source))
            # A post does not hold its authorization mode: only its own `expires_at` counts.
            copy.write_row(("counts", name, "", None, rules.rule(name, "counts", AuthorizationMode.PUBLIC).source))
    connection.execute(_RESPONSE_ACCOUNTS)
    found: list[Due] = []
    for target in targets:
        _find(connection, target, now)
        with connection.cursor(row_factory=class_row(Due)) as cursor:
            cursor.execute(
                sql.SQL(
                    "select {table} as table, {field} as field, platform, mode as authorization_mode, reason, "
                    "revoked_account as account_code, count(*)::integer as row_count, min(instant) as oldest, rule "
                    "from {due} group by platform, mode, reason, revoked_account, rule order by 3, 4 nulls first, 5, 6"
                ).format(table=sql.Literal(target.table), field=sql.Literal(target.field), due=target.due)
            )
            found += cursor.fetchall()
    return found


def _find(connection: psycopg.Connection, target: Target, now: datetime) -> None:
    keys = [sql.Identifier(key) for key in target.keys]
    statement = sql.SQL(_DUE).format(
        name=sql.Identifier(target.table.replace("raw.", "due_")),
        source_keys=sql.SQL(", ").join(sql.SQL("source.{0}").format(key) for key in keys),
        platform=sql.SQL(target.platform),
        mode=sql.SQL(target.mode),
        instant=sql.SQL(target.instant),
        field=sql.Literal(target.field),
        relation=target.relation,
        joins=sql.SQL(target.joins),
        of_account=sql.SQL(target.of_account),
        holds=target.holds(target.empties),
        holds_all=target.holds(target.empties + target.on_revocation),
        removed=sql.SQL(_REMOVED if target.field == "captions" else "null"),
    )
    connection.execute(statement, {"now": now})
