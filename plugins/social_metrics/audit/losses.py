"""Losses by retention: each row that `ops.purged_rows` names, with the ground of its purge computed again.

The grounds are those of `retention/due.py`, from the sealed period, the revocations, the observations of posts and the
retention rules that were in force (`ops.rule_versions`).
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import cast

import psycopg
from psycopg.rows import class_row

from social_metrics.contract import AuthorizationMode
from social_metrics.registry.registry import Platform
from social_metrics.registry.retention_rules import PERIODS, RetentionRule, RetentionRules
from social_metrics.settings import load_settings
from social_metrics.transform.seed_versions import seed_files

PURGED_TABLES = {
    "raw.profile_snapshots": "counts",
    "raw.posts": "counts",
    "raw.post_captions": "captions",
    "raw.response_bodies": "bodies",
}
"""Tables from which retention may take, and the field of the rules that it takes."""

# What is left of a row, or of the evidence beside it, gives platform, mode, instant and accounts. The canonical form
# of an emptied row has no count at all.
_LOSSES = """
with known as materialized (  -- a key that was never sealed may be no key at all
    select rows.purge_no, rows.table_name, rows.row_key, rows.row_sha256, rows.remaining_sha256,
        rows.purged_at, purges.reason, purges.as_of, purges.platform, purges.authorization_mode,
        purges.account_code, purges.field, purges.table_name as purged_table
    from ops.purged_rows as rows join ops.purges using (purge_no)
    join audit.sealed_rows as sealed on sealed.table_name = rows.table_name and sealed.row_key = rows.row_key
),
gone as (select known.*, row_key::jsonb as key from known),
located as (
    select gone.*, source.platform as row_platform, source.authorization_mode as row_mode,
        source.captured_at as instant, array[source.account_code] as accounts,
        followers_state = 'retention_expired' and num_nonnulls(
            followers_count, followers_precision_step, following_count, posts_count, views_count) = 0
            and (reason <> 'revoked' or num_nonnulls(handle_seen, platform_account_id_seen) = 0)
            and not exists (
                select from raw.capture_outcomes as attempt where attempt.attempt_id = source.attempt_id
                and (attempt.account_code, attempt.platform) <> (source.account_code, source.platform)
            ) as is_canonical, source.source
    from gone join raw.profile_snapshots as source
        on source.attempt_id = (key ->> 0)::uuid and source.captured_at = (key ->> 1)::timestamptz
    where gone.table_name = 'raw.profile_snapshots'
    union all
    select gone.*, source.platform, null, source.captured_at, array[source.account_code],
        num_nonnulls(like_count, comment_count, share_count, view_count) = 0
            and (reason <> 'revoked' or url is null), source.source
    from gone join raw.posts as source on source.account_code = key ->> 0 and source.post_id = key ->> 1
        and source.captured_at = (key ->> 2)::timestamptz and source.response_id = (key ->> 3)::uuid
    where gone.table_name = 'raw.posts'
    union all
    select gone.*, (
        select platform from raw.posts as seen where seen.account_code = key ->> 0 and seen.post_id = key ->> 1 limit 1
    ), null, (key ->> 3)::timestamptz, array[key ->> 0], remaining_sha256 is null, (
        select source from raw.posts as seen
        where seen.account_code = key ->> 0 and seen.post_id = key ->> 1 limit 1
    )
    from gone where gone.table_name = 'raw.post_captions'
    union all
    select gone.*, source.platform, null, source.received_at, array(
        select account_code from raw.profile_snapshots as seen where seen.response_id = source.response_id
        union select account_code from raw.posts as seen where seen.response_id = source.response_id
        union select account_code from raw.capture_outcomes as seen where seen.response_id = source.response_id
    ), remaining_sha256 is null, source.source
    from gone join raw.api_responses as source
        on source.response_id = (key ->> 0)::uuid and source.received_at = (key ->> 1)::timestamptz
    where gone.table_name = 'raw.response_bodies'
),
judged as (  -- a purge cannot claim an instant that had not come; simulated evidence has the simulator's clock
    select gone.*, case when located.source = 'simulator' then gone.as_of
        else least(gone.as_of, gone.purged_at) end as judged_at
    from gone left join located using (purge_no, table_name, row_key)
)
select gone.table_name, gone.row_key, gone.row_sha256 as before, gone.remaining_sha256 as after, gone.reason,
    gone.judged_at as as_of, gone.purged_at, coalesce(located.row_platform, gone.platform) as platform,
    located.row_mode as mode,
    located.instant,
    located.is_canonical is true and gone.table_name = gone.purged_table and located.row_platform = gone.platform
        as is_canonical,
    exists (
        select from ops.revocations
        where revocations.account_code = gone.account_code and revocations.account_code = any(located.accounts)
            and located.instant <= revocations.revoked_at and revocations.revoked_at <= gone.judged_at
            and revocations.recorded_at <= gone.purged_at
    ) as is_revoked,
    gone.table_name = 'raw.post_captions' and (
        select seen.presence from raw.posts as seen
        where seen.account_code = gone.key ->> 0 and seen.post_id = gone.key ->> 1 and seen.loaded_at <= gone.purged_at
        order by seen.captured_at desc, seen.response_id desc limit 1
    ) is not distinct from 'absent' as is_removed
from judged as gone left join located using (purge_no, table_name, row_key)
order by gone.purge_no
"""

_VERSIONS = """
select content from ops.rule_versions where name = %(name)s
order by noted_at <= %(at)s desc, case when noted_at <= %(at)s then noted_at end desc, noted_at limit 1
"""


@dataclass(frozen=True)
class _Recorded:
    """A row of `_LOSSES`; platform, mode and instant are those of the row."""

    table_name: str
    row_key: str
    before: bytes
    after: bytes | None
    reason: str
    as_of: datetime
    purged_at: datetime
    platform: str
    mode: str | None
    instant: datetime | None
    is_canonical: bool
    is_revoked: bool
    is_removed: bool


@dataclass(frozen=True)
class Loss:
    """One purge of one row: its sha256 before and after (None: deleted), and whether its ground holds.

    Of an expiry the ground is the row's sealed period, which `accounts_for` compares with `as_of`.
    """

    before: bytes
    after: bytes | None
    reason: str
    as_of: datetime
    is_grounded: bool


class RulesInForce:
    """Retention rules and platforms' periods as they were noted, by instant."""

    def __init__(self, connection: psycopg.Connection) -> None:
        """Nothing is read yet."""
        self._connection = connection
        self._read: dict[datetime, tuple[RetentionRules, Mapping[str, Platform]]] = {}

    def has_ended(self, loss: _Recorded) -> bool:
        """Whether the rules in force at a purge gave the row a shorter period, which had ended."""
        rules, platforms = self._at(loss.purged_at)
        field = PURGED_TABLES.get(loss.table_name)
        if loss.table_name == "raw.posts" or field is None or loss.platform not in platforms or loss.instant is None:
            return False  # a post does not hold its mode: only its own period counts
        mode = AuthorizationMode(loss.mode) if loss.mode else None
        lifetime = rules.rule(loss.platform, field, mode).lifetime(platforms[loss.platform])
        return lifetime is not None and loss.instant + lifetime <= loss.as_of

    def _at(self, instant: datetime) -> tuple[RetentionRules, Mapping[str, Platform]]:
        if instant not in self._read:
            modes = [mode.value for mode in AuthorizationMode]
            rules = RetentionRules(
                tuple(
                    RetentionRule(
                        row["platform"] or None,
                        AuthorizationMode(row["authorization_mode"]) if row["authorization_mode"] in modes else None,
                        row["field"],
                        row["keep"],
                        int(row["revoked_within_days"] or 0),
                        row["source"],
                    )
                    for row in self._rows("seeds.retention_rules", instant)
                )
            )
            platforms = {
                row["platform"]: cast(
                    Platform, SimpleNamespace(**{name: int(row.get(name) or 0) or None for name in PERIODS})
                )
                for row in self._rows("seeds.platforms", instant)
            }
            self._read[instant] = rules, platforms
        return self._read[instant]

    def _rows(self, name: str, instant: datetime) -> Iterable[dict[str, str]]:
        """The rows of a seed in force then; of the first noted, or of the installed one, when none was noted yet."""
        noted = self._connection.execute(_VERSIONS, {"name": name, "at": instant}).fetchone()
        content = noted[0] if noted else seed_files(load_settings())[name]
        return csv.DictReader(io.StringIO(content))


def losses_of(connection: psycopg.Connection) -> dict[tuple[str, str], list[Loss]]:
    """The purges of each row, by table and key, in the order of their runs.

    Args:
        connection: as the role closer or recorder.
    """
    losses: dict[tuple[str, str], list[Loss]] = defaultdict(list)
    rules = RulesInForce(connection)
    with connection.cursor(row_factory=class_row(_Recorded)) as cursor:
        for loss in cursor.execute(_LOSSES).fetchall():
            is_grounded = {
                "expired": True,  # by the row's sealed period: `accounts_for`
                "revoked": loss.is_revoked,
                "rule_shortened": loss.reason == "rule_shortened" and rules.has_ended(loss),
                "post_removed": loss.is_removed,
            }.get(loss.reason, False)
            losses[loss.table_name, loss.row_key].append(
                Loss(loss.before, loss.after, loss.reason, loss.as_of, is_grounded and loss.is_canonical)
            )
    return losses


def accounts_for(
    losses: Iterable[Loss], sealed: bytes | None, present: bytes | None, expires_at: datetime | None, now: datetime
) -> bool:
    """Whether recorded purges, each with its ground, lead from the row's leaf to its present content.

    Args:
        losses: of the row, in their order.
        sealed: sha256 of the row in its leaf.
        present: sha256 of the row as it is; None when it is gone.
        expires_at: the sealed end of its period; None never ends.
        now: the aware instant at which expiry is judged.
    """
    digest = sealed
    for loss in losses:
        is_due = expires_at is not None and expires_at <= min(loss.as_of, now)
        if loss.before != digest or not loss.is_grounded or (loss.reason == "expired" and not is_due):
            return False
        digest = loss.after
    return digest != sealed and digest == present
