"""What is already extracted: accounts that are complete today, how far posts are known, what was spent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from social_metrics.clock import wib_day_start
from social_metrics.contract import Outcome, PostsRead

REREAD_GRACE = timedelta(days=7)
"""How long a known post that reached a re-read age stays due."""

# A new account is read back this far, so that its first month is complete.
FIRST_READ_DAYS = 35


@dataclass(frozen=True, slots=True)
class PostsState:
    """How far the posts of one account are known."""

    last_listed_at: datetime | None  # the last listing of posts
    posts_count_then: int | None  # the platform's own post count at that listing
    newest_post_id: str | None
    is_doubted: bool = False  # a listing since then was not believed
    known_ids: tuple[str, ...] = ()  # posts of the window, for platforms that check them by id

    def window_start(self, lookback_days: int, now: datetime) -> datetime:
        """The UTC instant since which posts are read."""
        first_read = now - timedelta(days=FIRST_READ_DAYS)
        return (self.last_listed_at or first_read) - timedelta(days=lookback_days)


@dataclass(frozen=True, slots=True)
class KnownPost:
    """A post at its last observation with presence `seen`."""

    account_code: str
    post_id: str
    published_at: datetime
    url: str | None
    post_type: str
    content_hash: str | None
    caption_length: int | None
    like_count: int | None
    comment_count: int | None
    share_count: int | None
    view_count: int | None


@dataclass(frozen=True, slots=True)
class SpentToday:
    """What the ledger holds since the platform's budget day began."""

    calls: int
    quota_units: int
    usd: Decimal


def complete_accounts(connection: psycopg.Connection, platform: str, day: date, since: datetime) -> set[str]:
    """Account codes that are complete on the WIB date `day`.

    Args:
        connection: as the loader.
        platform: its name.
        day: a WIB date.
        since: UTC instant before which captures do not count: after a manual capture in the morning the scheduled
            runs still read the account.
    """
    completing = [outcome.value for outcome in Outcome if outcome.completes_the_day]
    rows = connection.execute(
        """
        select distinct account_code from raw.capture_outcomes
        where attempted_at >= %s and attempted_at < %s and platform = %s and outcome = any(%s)
        """,
        (max(since, wib_day_start(day)), wib_day_start(day + timedelta(days=1)), platform, completing),
    ).fetchall()
    return {row[0] for row in rows}


def backing_off_accounts(connection: psycopg.Connection, platform: str, day: date, now: datetime) -> set[str]:
    """Account codes that are not requested yet: the platform named a later instant and no circuit breaker has closed
    since, or the account's own token was refused on this WIB date and has not been replaced since.

    An exhausted budget of ours does not count: it may be raised at any time, and checking it costs nothing.
    """
    refused = [Outcome.TOKEN_EXPIRED.value, Outcome.CONSENT_REVOKED.value, Outcome.PERMISSION_MISSING.value]
    rows = connection.execute(
        """
        with latest as (
            select distinct on (account_code) * from raw.capture_outcomes
            where attempted_at >= %(start)s and attempted_at < %(end)s and platform = %(platform)s
            order by account_code, attempted_at desc
        )
        select latest.account_code from latest
        left join ops.credentials as own on own.account_code = latest.account_code
        where (
                latest.retry_at > %(now)s and latest.outcome <> %(budget)s
                and not exists (
                    select from ops.circuit_breakers as b
                    where b.platform = %(platform)s and b.closed_at >= latest.attempted_at))
            or (latest.outcome = any(%(refused)s) and own.updated_at <= latest.attempted_at)
        """,
        {
            "start": wib_day_start(day),
            "end": wib_day_start(day + timedelta(days=1)),
            "platform": platform,
            "now": now,
            "budget": Outcome.BUDGET_EXHAUSTED.value,
            "refused": refused,
        },
    ).fetchall()
    return {row[0] for row in rows}


def record_withdrawn_metrics(
    connection: psycopg.Connection, platform: str, metrics: Sequence[str], now: datetime
) -> None:
    """Record each metric that a platform no longer offers once, whatever the number of accounts."""
    for metric in metrics:
        connection.execute(
            """
            insert into ops.withdrawn_metrics (platform, metric, first_seen_at, last_seen_at) values (%s, %s, %s, %s)
            on conflict (platform, metric) do update set last_seen_at = excluded.last_seen_at
            """,
            (platform, metric, now, now),
        )


def best_outcomes(connection: psycopg.Connection, day: date) -> dict[str, Outcome]:
    """Account code -> the best outcome of its attempts on the WIB date `day`, by the precedence of `Outcome`."""
    precedence = [outcome.value for outcome in Outcome]
    rows = connection.execute(
        """
        select account_code, min(array_position(%s::text[], outcome)) from raw.capture_outcomes
        where attempted_at >= %s and attempted_at < %s group by account_code
        """,
        (precedence, wib_day_start(day), wib_day_start(day + timedelta(days=1))),
    ).fetchall()
    return {account_code: Outcome(precedence[position - 1]) for account_code, position in rows}


def attempts_of_run(connection: psycopg.Connection, run_id: str, day: date) -> int:
    """Number of attempts that a run has written for the WIB date `day`."""
    row = connection.execute(
        """
        select count(*) from raw.capture_outcomes where attempted_at >= %s and attempted_at < %s and run_id = %s
        """,
        (wib_day_start(day), wib_day_start(day + timedelta(days=1)), run_id),
    ).fetchone()
    return int(row[0]) if row else 0


def posts_states(connection: psycopg.Connection, account_codes: Sequence[str]) -> dict[str, PostsState]:
    """How far each account's posts are known; an account without a listing has an empty state."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select a.account_code, listed.attempted_at, listed.posts_count, newest.post_id,
                exists (
                    select from ops.doubted_listings as d
                    where d.account_code = a.account_code
                        and (listed.attempted_at is null or d.listed_at > listed.attempted_at)
                ) as is_doubted
            from unnest(%s::text[]) as a (account_code)
            left join lateral (
                select o.attempted_at, s.posts_count
                from raw.capture_outcomes as o
                left join raw.profile_snapshots as s
                    on s.attempt_id = o.attempt_id and s.account_code = o.account_code
                where o.account_code = a.account_code and o.posts_read = %s
                order by o.attempted_at desc
                limit 1
            ) as listed on true
            left join lateral (
                select p.post_id from raw.posts as p
                where p.account_code = a.account_code
                order by p.published_at desc, p.post_id desc
                limit 1
            ) as newest on true
            """,
            (list(account_codes), PostsRead.LISTED.value),
        ).fetchall()
    return {
        row["account_code"]: PostsState(
            row["attempted_at"], row["posts_count"], row["post_id"], is_doubted=row["is_doubted"]
        )
        for row in rows
    }


def with_known_posts(
    connection: psycopg.Connection, states: Mapping[str, PostsState], lookback_days: int, now: datetime
) -> dict[str, PostsState]:
    """The states with the ids of the posts that each account's window should show."""
    rows = connection.execute(
        """
        select account_code, post_id
        from (
            select distinct on (p.account_code, p.post_id) p.account_code, p.post_id, p.published_at, p.presence
            from unnest(%s::text[], %s::timestamptz[]) as w (account_code, since)
            join raw.posts as p on p.account_code = w.account_code and p.published_at >= w.since
            order by p.account_code, p.post_id, p.captured_at desc, p.response_id desc
        ) as latest
        where presence = 'seen'
        order by account_code, published_at desc, post_id
        """,
        (list(states), [one.window_start(lookback_days, now) for one in states.values()]),
    ).fetchall()
    known: dict[str, list[str]] = {}
    for account_code, post_id in rows:
        known.setdefault(account_code, []).append(post_id)
    return {code: replace(one, known_ids=tuple(known.get(code, ()))) for code, one in states.items()}


def doubted_before(
    connection: psycopg.Connection, account_codes: Sequence[str], day: date
) -> dict[str, list[tuple[date, frozenset[str]]]]:
    """Account code -> dates before the WIB date `day` whose listing was doubted, and the ids that it lacked.

    The latest first; a listing that was believed ends the doubts before it.
    """
    rows = connection.execute(
        """
        select d.account_code, d.run_date, d.missing_ids
        from ops.doubted_listings as d
        where d.account_code = any(%s) and d.run_date < %s
            and not exists (
                select from raw.capture_outcomes as o
                where o.account_code = d.account_code and o.posts_read = %s and o.attempted_at > d.listed_at)
        order by d.account_code, d.run_date desc
        """,
        (list(account_codes), day, PostsRead.LISTED.value),
    ).fetchall()
    doubted: dict[str, list[tuple[date, frozenset[str]]]] = {}
    for account_code, run_date, missing in rows:
        doubted.setdefault(account_code, []).append((run_date, frozenset(missing)))
    return doubted


def record_doubt(
    connection: psycopg.Connection,
    account_code: str,
    day: date,
    listed_at: datetime,
    detail: str,
    known_count: int,
    missing_ids: Iterable[str],
) -> None:
    """Record a listing that was not believed; the latest of a WIB date counts."""
    connection.execute(
        """
        insert into ops.doubted_listings (account_code, run_date, listed_at, detail, known_count, missing_ids)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (account_code, run_date) do update set
            listed_at = excluded.listed_at, detail = excluded.detail, known_count = excluded.known_count,
            missing_ids = excluded.missing_ids
        """,
        (account_code, day, listed_at, detail, known_count, sorted(missing_ids)),
    )


def posts_due_for_rereading(
    connection: psycopg.Connection, account_codes: Sequence[str], ages_days: Sequence[int], now: datetime
) -> dict[str, tuple[str, ...]]:
    """Ids of known posts that reached one of the ages (in days) and were not observed since.

    A post that was not read on its day stays due for REREAD_GRACE: a budget that returns reads no older ages again.
    """
    rows = connection.execute(
        """
        select p.account_code, p.post_id
        from (
            select distinct on (account_code, post_id) account_code, post_id, published_at, captured_at, presence
            from raw.posts
            where account_code = any(%(accounts)s) and published_at > %(since)s - make_interval(days => %(oldest)s)
            order by account_code, post_id, captured_at desc
        ) as p
        where p.presence = 'seen' and exists (
            select from unnest(%(ages)s::int[]) as age
            cross join lateral (select p.published_at + make_interval(days => age) as at) as reached
            where reached.at <= %(now)s and reached.at > %(since)s and p.captured_at < reached.at
        )
        order by 1, 2
        """,
        {
            "accounts": list(account_codes),
            "ages": list(ages_days),
            "oldest": max(ages_days),
            "now": now,
            "since": now - REREAD_GRACE,
        },
    ).fetchall()
    due: dict[str, tuple[str, ...]] = {}
    for account_code, post_id in rows:
        due[account_code] = (*due.get(account_code, ()), post_id)
    return due


def known_posts(
    connection: psycopg.Connection, floors: Mapping[str, datetime], ids: Mapping[str, Sequence[str]]
) -> list[KnownPost]:
    """Posts last observed `seen` that a listing should contain: at or after an account's floor, or by id.

    Args:
        floors: account code -> UTC instant from which the listing was complete.
        ids: account code -> post ids that were requested and are gone.
    """
    gone_codes = [code for code, post_ids in ids.items() for _ in post_ids]
    gone_ids = [post_id for post_ids in ids.values() for post_id in post_ids]
    with connection.cursor(row_factory=class_row(KnownPost)) as cursor:
        return cursor.execute(
            """
            with asked as (
                select p.account_code, p.post_id
                from unnest(%s::text[], %s::timestamptz[]) as f (account_code, complete_since)
                join raw.posts as p on p.account_code = f.account_code and p.published_at >= f.complete_since
                union
                select * from unnest(%s::text[], %s::text[])
            )
            select l.account_code, l.post_id, l.published_at, l.url, l.post_type, l.content_hash,
                l.caption_length, l.like_count, l.comment_count, l.share_count, l.view_count
            from asked
            join lateral (
                select p.* from raw.posts as p
                where p.account_code = asked.account_code and p.post_id = asked.post_id
                order by p.captured_at desc, p.response_id desc
                limit 1
            ) as l on true
            where l.presence = 'seen'
            """,
            (list(floors), list(floors.values()), gone_codes, gone_ids),
        ).fetchall()


def spent_since(
    connection: psycopg.Connection, platform: str, since: datetime, credential: str | None = None
) -> SpentToday:
    """Calls, quota units and US$ in the ledger for a platform since an instant; of one credential, or of all."""
    row: Any = connection.execute(
        """
        select coalesce(sum(calls), 0), coalesce(sum(quota_units), 0), coalesce(sum(usd), 0)
        from ops.spend_ledger
        where platform = %s and spent_at >= %s and (%s::text is null or credential = %s)
        """,
        (platform, since, credential, credential),
    ).fetchone()
    return SpentToday(int(row[0]), int(row[1]), Decimal(row[2]))


def clock_of_warehouse(connection: psycopg.Connection) -> datetime:
    """The current instant by the warehouse's clock."""
    row: Any = connection.execute("select clock_timestamp()").fetchone()
    instant: datetime = row[0]
    return instant
