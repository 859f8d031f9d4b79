"""Evidence by the night on which it is loaded: most of it on its day, some late, some early, some twice.

The records are those of `histories`; here each gets the night on which it is loaded. Captions get edited and are read
a night or more after they were seen, hand entries are confirmed or rejected later, registry lines are corrected.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import psycopg

from social_metrics.contract import ManualEntry, Post
from social_metrics.warehouse.loader import BatchRecords, load
from tests.dbt.reference.oracle import post_id_of, wib
from tests.support.factories import Account, Center, Evidence, write_entry

LATENESS = [0] * 80 + [-1] * 3 + [1, 1, 1, 2, 2, 3, 5, 9, 20, 45]  # nights; -1: loaded before its day was built


@dataclass
class Night:
    """What arrives between two builds."""

    records: BatchRecords = field(default_factory=BatchRecords)
    entries: list[ManualEntry] = field(default_factory=list)
    decisions: list[tuple[ManualEntry, str]] = field(default_factory=list)
    identities: list[tuple[str, datetime]] = field(default_factory=list)
    words: list[tuple[str, str, str, bool]] = field(default_factory=list)  # account, post, content, on outreach
    overrides: list[tuple[str, str, str]] = field(default_factory=list)  # account, post, add or remove
    accounts: list[Account] | None = None  # the registry as corrected
    centers: list[Center] | None = None


def nights_of(evidence: Evidence, days: list[date], first_night: date, seed: int) -> dict[date, Night]:
    """The evidence by night; the first one brings all that its day and the days before have left.

    Args:
        evidence: the whole of it.
        days: all of its WIB dates.
        first_night: the day after which the marts are built for the first time.
        seed: makes lateness, words, decisions and corrections.
    """
    chances = random.Random(seed)
    nights = {day: Night() for day in days if day >= first_night}

    def night(day: date, late: int | None = None) -> Night:
        chosen = day + timedelta(days=chances.choice(LATENESS) if late is None else late)
        return nights[min(max(chosen, first_night), days[-1])]

    for post in _with_words(evidence.posts, chances):
        night(wib(post.captured_at)).records.posts.append(post)
        if post.content_hash and chances.random() < 0.8:
            late = chances.choice([0, 0, 0, 1, 4])
            words = (post.account_code, post.post_id, post.content_hash, chances.random() < 0.6)
            night(wib(post.captured_at), late).words.append(words)
        if chances.random() < 0.03:
            late = chances.randrange(30)
            override = (post.account_code, post.post_id, chances.choice(["add", "remove"]))
            night(wib(post.captured_at), late).overrides.append(override)
    for snapshot in evidence.snapshots:
        night(wib(snapshot.captured_at)).records.snapshots.append(snapshot)
    for outcome in evidence.outcomes:
        night(wib(outcome.attempted_at)).records.outcomes.append(outcome)
    _enter(evidence, nights, chances, days[0])
    for account_code, confirmed_at in evidence.confirmations:
        night(wib(confirmed_at), chances.choice([0, 0, 1, 6])).identities.append((account_code, confirmed_at))
    for earlier, later in pairwise(sorted(nights)):
        _repeat(nights[earlier].records, nights[later].records, chances)
    _correct(evidence, nights, chances)
    return nights


def _with_words(posts: list[Post], chances: random.Random) -> list[Post]:
    """Half of the posts have words, some are edited, and back."""
    has_caption = {(post.account_code, post.post_id): chances.random() < 0.5 for post in posts}
    contents: dict[tuple[str, str], str | None] = defaultdict(lambda: "first")
    worded = []
    for post in sorted(posts, key=lambda found: found.captured_at):
        key = (post.account_code, post.post_id)
        if chances.random() < 0.08:
            contents[key] = chances.choice(["first", "second", "third", None])
        seen = has_caption[key] and post.presence == "seen"
        worded.append(replace(post, content_hash=contents[key] if seen else None))
    return worded


def _enter(evidence: Evidence, nights: dict[date, Night], chances: random.Random, first_day: date) -> None:
    """Versions come in their order; each waits some nights for its decision.

    Entries from before the first capture are there in the first night: a day before the facts would rebuild everything.
    """
    order = sorted(nights)
    arrived: dict[tuple[str, date], int] = {}
    for silent, is_confirmed in sorted(evidence.entries, key=lambda found: found[0].version):
        about = {"is_outreach": chances.choice([None, True, False]), "program": chances.choice([None, "pena"])}
        entry = replace(silent, **about) if silent.last_post_url else silent
        key = (entry.account_code, wib(entry.observed_at))
        is_early = key[1] < first_day
        day = max(key[1], order[0]) + timedelta(days=0 if is_early else chances.choice([0, 0, 1, 3, 12]))
        place = max(order.index(min(day, order[-1])), arrived.get(key, 0))
        arrived[key] = place
        nights[order[place]].entries.append(entry)
        if entry.last_post_url and chances.random() < 0.1:
            decided = min(place + chances.choice([0, 2, 9]), len(order) - 1)
            override = (entry.account_code, post_id_of(entry.last_post_url), chances.choice(["add", "remove"]))
            nights[order[decided]].overrides.append(override)
        if is_confirmed or chances.random() < 0.5:
            decided = min(place + (0 if is_early else chances.choice([0, 0, 1, 5])), len(order) - 1)
            nights[order[decided]].decisions.append((entry, "confirmed" if is_confirmed else "rejected"))


def _repeat(loaded: BatchRecords, again: BatchRecords, chances: random.Random) -> None:
    for column in fields(BatchRecords):
        known = getattr(loaded, column.name)
        getattr(again, column.name).extend(chances.sample(known, len(known) // 5))


def _correct(evidence: Evidence, nights: dict[date, Night], chances: random.Random) -> None:
    """In two nights the registry is corrected: an account's status, another's handle, a center's name."""
    accounts, centers = list(evidence.accounts), list(evidence.centers)
    for day in sorted(chances.sample(sorted(nights)[1:-1], 2)):
        for status in ("suspended", "verified", "placeholder"):
            place = chances.randrange(len(accounts))
            accounts[place] = replace(accounts[place], status=status, handle=f"corrected_{day}")
        place = chances.randrange(len(centers))
        centers[place] = replace(centers[place], center_name=f"Sentra {day}")
        nights[day].accounts, nights[day].centers = list(accounts), list(centers)


def arrive(connection: psycopg.Connection, night: Night) -> None:
    """Write what the night brings, by the real loader where there is one; the caller commits."""
    load(connection, night.records)
    with connection.cursor() as cursor:
        for entry in night.entries:
            write_entry(entry, cursor)
        for entry, decision in night.decisions:
            cursor.execute(
                "insert into raw.manual_confirmations (account_code, as_of_date, version, entered_by, decision, "
                "confirmed_by, confirmed_at, confirmed_through) "
                "values (%s, %s, %s, %s, %s, 'budi', now(), 'command_line')",
                (entry.account_code, wib(entry.observed_at), entry.version, entry.entered_by, decision),
            )
        cursor.executemany(
            "insert into ops.account_confirmations (account_code, confirmed_at, confirmed_by, evidence_ref) "
            "values (%s, %s, 'budi', 'a call') on conflict do nothing",
            night.identities,
        )
        _read_words(cursor, night)


def _read_words(cursor: psycopg.Cursor, night: Night) -> None:
    cursor.execute(
        "insert into ops.tag_rulesets (ruleset_version, sha256, rules_sha256, rules, campaign_codes) "
        "select 1, 'x', 'x', '{}', '{}' where not exists (select from ops.tag_rulesets)"
    )
    for account_code, post_id, content_hash, is_outreach in night.words:
        cursor.execute(
            "insert into ops.tagged_captions (account_code, post_id, content_hash, ruleset_id) "
            "select %s, %s, %s, min(ruleset_id) from ops.tag_rulesets on conflict do nothing",
            (account_code, post_id, content_hash),
        )
        if is_outreach and cursor.rowcount:
            cursor.execute(
                "insert into ops.post_tags (account_code, post_id, content_hash, ruleset_id, ruleset_version, rule_id, "
                "tag_kind, tag, strength, matched_text, match_starts_at, match_ends_at) "
                "select %s, %s, %s, min(ruleset_id), 1, 'a_rule', 'outreach', 'outreach', 'strong', 'x', 0, 1 "
                "from ops.tag_rulesets",
                (account_code, post_id, content_hash),
            )
    cursor.executemany(
        "insert into ops.tag_overrides (account_code, post_id, tag_kind, tag, decision, decided_by, reason) "
        "values (%s, %s, 'outreach', 'outreach', %s, 'budi', 'it is so')",
        night.overrides,
    )
