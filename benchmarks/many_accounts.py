"""A warehouse of many accounts: raw as daily runs would have left it, written by the server itself.

What is in it has the shape of real evidence (1.6 % of the days without an answer, rounded counts on one platform, posts
that are seen again with other counts, a few that disappear, half of them with words that a ruleset has read), and its
rows come in the order of the days, as they would. Nothing is random: the same numbers make the same rows.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.factories import Account, Center, Evidence, Platform, write_registry

LAST_DAY = date(2026, 3, 17)  # a Tuesday in mid-month, so that month and year to date have something to reach for
PLATFORMS = ("youtube", "facebook", "instagram", "x", "tiktok")

# n is the account, d the day's number from 0; `luck` decides the outcome of the day.
CELLS = """
    select
        n, d, day,
        'center-' || lpad((n / 5)::text, 5, '0') || '-' || platform as account_code,
        platform,
        (day + time '20:00' + (n % 1800) * interval '1 second') at time zone 'Asia/Jakarta' as at,
        hashint4(n * 31 + d * 7) & 127 as luck
    from generate_series(0, {accounts} - 1) as n
    cross join generate_series({first}, {last}) as d
    cross join lateral (select {origin} + d as day, ({platforms}::text[])[1 + n % 5] as platform) as cell
"""
OUTCOMES = """
    insert into raw.capture_outcomes (attempt_id, account_code, platform, attempted_at, outcome, posts_read, posts_seen,
        response_id, source, run_id, try_number, loaded_at)
    select md5('a' || n || '-' || d)::uuid, account_code, platform, at,
        case when luck > 1 then 'captured' else 'platform_unavailable' end,
        case when luck > 1 then 'listed' else 'not_tried' end, case when luck > 1 then 1 end,
        case when luck > 1 then md5('r' || n || '-' || d)::uuid end, 'api', 'scheduled-' || d, 1, at
    from ({cells}) as cells order by d, n
"""
SNAPSHOTS = """
    insert into raw.profile_snapshots (attempt_id, account_code, platform, captured_at, followers_count,
        followers_precision_step, followers_state, posts_count, handle_seen, metric_definition_id, authorization_mode,
        source, response_id, run_id, try_number, loaded_at)
    select md5('a' || n || '-' || d)::uuid, account_code, platform, at, followers / step * step, step, 'reported', d,
        'handle' || n, platform || '/followers', 'owner', 'api', md5('r' || n || '-' || d)::uuid, 'scheduled-' || d,
        1, at
    from ({cells}) as cells
    cross join lateral (
        select 1000 + (n * 7919::bigint) % 500000 + (n % 97) * d * 2 + (hashint4(n * 1000 + d) & 63) as followers,
            case when platform = 'youtube' then 100 else 1 end as step
    ) as counted
    where luck > 1 order by d, n
"""
# Of each day's accounts four in ten have published; a post is seen that day, half of them once more with other
# counts, and one in two hundred is found gone ten days later.
POSTS = """
    insert into raw.posts (account_code, platform, post_id, captured_at, published_at, url, post_type, content_hash,
        caption_length, like_count, comment_count, share_count, view_count, presence, source, response_id, run_id,
        loaded_at)
    select account_code, platform, 'p' || d - age, at, at - (1 + n % 12) * interval '1 hour' - age * interval '1 day',
        'https://example.org/' || n || '/' || (d - age), 'video',
        case when presence = 'seen' and words % 2 = 0 then md5(n || '/' || (d - age)) end, 80,
        (words * (1 + age)) % 500, words % 50, words % 20, words * 7, presence, 'api',
        md5('r' || n || '-' || d)::uuid, 'scheduled-' || d, at
    from ({cells}) as cells
    cross join lateral (
        select age, presence, hashint4(n * 17 + (d - age) * 13) & 1023 as words
        from (values (0, 'seen'), (1, 'seen'), (10, 'absent')) as observations (age, presence)
        where d >= age
    ) as observations
    where luck > 1 and words < 420
        and (age = 0 or age = 1 and words % 4 < 2 or age = 10 and words % 200 = 7)
    order by d, n, age
"""
READ = """
    insert into ops.tagged_captions (account_code, post_id, content_hash, ruleset_id)
    select distinct account_code, post_id, content_hash, (select min(ruleset_id) from ops.tag_rulesets)
    from raw.posts
    where content_hash is not null and captured_at >= {since} and published_at >= captured_at - interval '1 day'
    on conflict do nothing
"""
TAGS = """
    insert into ops.post_tags (account_code, post_id, content_hash, ruleset_id, ruleset_version, rule_id, tag_kind,
        cluster_scheme, tag, strength, matched_text, match_starts_at, match_ends_at)
    select account_code, post_id, content_hash, ruleset_id, 1, kinds.tag_kind, kinds.tag_kind, kinds.cluster_scheme,
        kinds.tag, 'strong', 'bantuan', 0, 7
    from (
        select *, hashtext(content_hash) & 15 as luck from ops.tagged_captions
        where (account_code, post_id) in (select account_code, post_id from raw.posts where captured_at >= {since})
    ) as captions
    inner join (values
        ('outreach', null, 'outreach', 5), ('program', null, 'ATENSI', 3), ('cluster', '12-PAS', 'anak', 4)
    ) as kinds (tag_kind, cluster_scheme, tag, until) on captions.luck < kinds.until
    on conflict do nothing
"""


@dataclass(frozen=True)
class ManyAccounts:
    """How many accounts (five to a center, one on each platform), and how many days of history."""

    accounts: int
    days: int

    @property
    def first_day(self) -> date:
        """The WIB date of day number 0."""
        return LAST_DAY - timedelta(days=self.days - 1)

    def write_registry(self, folder: Path) -> None:
        """Write the registry's files: every account verified from the beginning."""
        evidence = Evidence(
            platforms=[
                Platform(name, name.title(), "pengikut", date(2024, 1, 1), None, "Asia/Jakarta") for name in PLATFORMS
            ],
            centers=[
                Center(f"center-{n:05}", f"Sentra {n}", "Asia/Jakarta", None, None) for n in range(self.accounts // 5)
            ],
            accounts=[
                Account(f"center-{n // 5:05}-{name}", f"center-{n // 5:05}", name, "verified", None, None, f"handle{n}")
                for n in range(self.accounts)
                for name in [PLATFORMS[n % 5]]
            ],
        )
        write_registry(evidence, folder)

    def write_history(self, url: str) -> None:
        """Write all days but the last, a month at a time; nothing is queued, since everything gets built.

        Args:
            url: of a superuser, on a migrated warehouse without evidence.
        """
        edges = [n for n in range(self.days - 1) if n == 0 or (self.first_day + timedelta(days=n)).day == 1]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(
                "insert into ops.tag_rulesets (ruleset_version, sha256, rules_sha256, rules, campaign_codes) "
                "values (1, 'x', 'x', '{}', '{}')"
            )
            for first, following in pairwise([*edges, self.days - 1]):
                self._write(connection, first, following - 1)
            connection.execute("vacuum (analyze)")

    def write_last_day(self, url: str) -> None:
        """Write the last day as the loader does: with the triggers that queue the days to rebuild."""
        with psycopg.connect(url, autocommit=True) as connection:
            self._write(connection, self.days - 1, self.days - 1)
            connection.execute("analyze")

    def _write(self, connection: psycopg.Connection, first: int, last: int) -> None:
        since = self.first_day + timedelta(days=first)
        connection.execute(
            "select ops.ensure_month_partitions(array(select generate_series(%s::timestamptz, %s, '20 days')))",
            (since, self.first_day + timedelta(days=last + 1)),
        )
        cells = sql.SQL(CELLS).format(
            accounts=self.accounts, first=first, last=last, origin=sql.Literal(self.first_day),
            platforms=sql.Literal(list(PLATFORMS)),
        )  # fmt: skip
        for statement in (OUTCOMES, SNAPSHOTS, POSTS):
            connection.execute(sql.SQL(statement).format(cells=cells))
        for statement in (READ, TAGS):
            connection.execute(sql.SQL(statement).format(since=sql.Literal(since)))
