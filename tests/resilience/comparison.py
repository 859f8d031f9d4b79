"""Compares the rows after a fault with those without one: lost and duplicated rows, hashes of marts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.resilience.fault_setup import History

# What a capture keeps for good, compared by content and not by the attempt or time of writing.
KEPT: Mapping[str, LiteralString] = {
    "profile snapshots": """
        select account_code, followers_count, followers_precision_step, followers_state, following_count, posts_count,
            views_count, handle_seen, platform_account_id_seen, metric_definition_id, captured_at
        from raw.profile_snapshots as s
        where platform = %(platform)s and (captured_at at time zone 'Asia/Jakarta')::date = %(day)s
            and not exists (select from raw.capture_outcomes as o where o.attempt_id = s.attempt_id
                and o.account_code = s.account_code and o.outcome = 'captured_partly')
    """,
    "posts": """
        select account_code, post_id, published_at, url, post_type, content_hash, like_count, comment_count,
            share_count, view_count, presence, captured_at
        from raw.posts
        where platform = %(platform)s and (captured_at at time zone 'Asia/Jakarta')::date = %(day)s
    """,
    "captions": """
        select account_code, post_id, content_hash, caption from raw.post_captions
        where platform = %(platform)s and (captured_at at time zone 'Asia/Jakarta')::date = %(day)s
    """,
    "best outcomes": """
        select account_code, min(array_position(array['captured', 'captured_partly', 'below_threshold'], outcome)),
            case when bool_or(outcome = 'captured') then '' else min(outcome) end
        from raw.capture_outcomes
        where platform = %(platform)s and (attempted_at at time zone 'Asia/Jakarta')::date = %(day)s
        group by account_code
    """,
}
HALF_WRITTEN = """
    select 'snapshot without its response', count(*) from raw.profile_snapshots as s
    where not exists (select from raw.api_responses as r where r.response_id = s.response_id)
    union all
    select 'snapshot without its outcome', count(*) from raw.profile_snapshots as s
    where not exists (select from raw.capture_outcomes as o where o.attempt_id = s.attempt_id)
    union all
    select 'capture without its snapshot', count(*) from raw.capture_outcomes as o
    where outcome in ('captured', 'captured_partly')
        and not exists (select from raw.profile_snapshots as s where s.attempt_id = o.attempt_id)
    union all
    select 'post without its response', count(*) from raw.posts as p
    where not exists (select from raw.api_responses as r where r.response_id = p.response_id)
    union all
    select 'response without its body', count(*) from raw.api_responses as r
    where not exists (select from raw.response_bodies as b where b.response_id = r.response_id)
    union all
    select 'row without its run', count(*) from raw.capture_outcomes as o
    where not exists (select from raw.runs as r where r.run_id = o.run_id)
"""
# Where the clock runs on, the rows of a day are compared by all but their instants.
DAY_OF_SNAPSHOTS = """
    select account_code, followers_count, followers_precision_step, followers_state, posts_count, handle_seen,
        platform_account_id_seen
    from raw.profile_snapshots as s
    where (captured_at at time zone 'Asia/Jakarta')::date = %s
        and not exists (select from raw.capture_outcomes as o where o.attempt_id = s.attempt_id
            and o.account_code = s.account_code and o.outcome = 'captured_partly')
"""
DAY_OF_POSTS = """
    select account_code, post_id, published_at, url, post_type, content_hash, like_count, comment_count, view_count,
        presence
    from raw.posts where (captured_at at time zone 'Asia/Jakarta')::date = %s
"""
# Columns about the cost of a capture differ with every fault; all others do not.
COST = {
    "fct_api_spend_daily": None,
    "fct_credential_status": ["generation", "updated_at", "access_expires_at", "refresh_expires_at"],  # a new login
    "fct_capture_completeness": ["attempts"],
}


@dataclass(frozen=True)
class Difference:
    """Rows by which the faulty history differs from the reference."""

    lost: int
    twice: int
    examples: tuple[str, ...]


def compare(reference: History, faulty: History, platform: str, day: date) -> Difference:
    """Compare the evidence of one platform and day in both histories."""
    lost = twice = 0
    examples: list[str] = []
    for name, query in KEPT.items():
        wanted, found = (_counted(history, query, platform, day) for history in (reference, faulty))
        assert wanted or name != "best outcomes", f"{platform} on {day}: nothing was captured, so nothing is compared"
        missing, more = wanted - found, found - wanted
        lost, twice = lost + missing.total(), twice + more.total()
        examples += [f"lost of {name}: {row}" for row in list(missing)[:2]]
        examples += [f"too many of {name}: {row}" for row in list(more)[:2]]
    return Difference(lost, twice, tuple(examples))


def half_written(history: History) -> dict[str, int]:
    """Rows without the rows that they need."""
    return {what: number for what, number in history.rows(HALF_WRITTEN) if number}


def without_outcome(history: History, platform: str, day: date) -> list[str]:
    """Accounts that were expected on the day and have no outcome."""
    have = {row[0] for row in _counted(history, KEPT["best outcomes"], platform, day)}
    return [account.account_code for account in history.registry.accounts_on(platform, day)
            if account.account_code not in have]  # fmt: skip


def hashes(history: History) -> dict[str, str]:
    """Mart → hash of its rows, in an order of their own."""
    with psycopg.connect(history.url) as connection:
        return {mart: _hash(connection, mart, sql.SQL("true"), {}) for mart in _marts(connection)}


def hash_of_evidence(history: History, platform: str, day: date) -> str:
    """One hash over the evidence of a platform and day."""
    rows = {name: sorted(map(repr, _counted(history, query, platform, day).elements())) for name, query in KEPT.items()}
    return sha256(repr(rows).encode()).hexdigest()


def hash_of_mart_rows(history: History, platform: str, day: date) -> str:
    """One hash over the rows of a platform and day in every mart that has both columns."""
    with psycopg.connect(history.url) as connection:
        condition = sql.SQL("platform = %(platform)s and date_day = %(day)s")
        parts = [
            _hash(connection, mart, condition, {"platform": platform, "day": day})
            for mart, columns in _marts(connection).items()
            if {"platform", "date_day"} <= columns
        ]
    assert len(parts) >= 3
    return " ".join(parts)


def _counted(history: History, query: str, platform: str, day: date) -> Counter[tuple[Any, ...]]:
    with psycopg.connect(history.url) as connection:
        return Counter(connection.execute(query.encode(), {"platform": platform, "day": day}).fetchall())


def _marts(connection: psycopg.Connection) -> dict[str, set[str]]:
    found = connection.execute(
        "select table_name, array_agg(column_name::text) from information_schema.columns "
        "where table_schema = 'marts' group by 1 order by 1"
    ).fetchall()
    assert found, "there are no marts to compare"
    return {mart: set(columns) for mart, columns in found if COST.get(mart, ()) is not None}


def _hash(connection: psycopg.Connection, mart: str, condition: sql.Composable, values: dict[str, Any]) -> str:
    query = sql.SQL(
        "select coalesce(md5(string_agg(r, E'\\n' order by r)), '') from ("
        "select (to_jsonb(m) - {cost}::text[])::text as r from {mart} as m where {condition}) as rows"
    ).format(cost=sql.Literal(COST.get(mart) or []), mart=sql.Identifier("marts", mart), condition=condition)
    (digest,) = connection.execute(query, values or None).fetchone() or ("",)
    return str(digest)
