"""Random captions for random histories: which were read under which rules, the tags found and the decisions.

The texts themselves are not needed: marts start from the tags in `ops`.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256

import psycopg

from social_metrics.contract import Presence
from tests.dbt.reference.histories import evidence_of
from tests.dbt.reference.oracle import post_id_of
from tests.support.factories import Campaign, Evidence, at

PROGRAM_TAGS = ["PENA", "BPNT", "PERMAKANAN", "FOOD", "YAPI"]
CLUSTER_TAGS = ["anak", "kekerasan", "adat-terpencil"]
CAMPAIGNS = [
    Campaign(
        "BEFORE", "Sebelum kami ada", at(date(2025, 6, 1), 7), at(date(2025, 6, 9), 7), "", "a", "", "PENA", "anak"
    ),
    Campaign(
        "OVER",
        "Selesai",
        at(date(2025, 12, 5), 7),
        at(date(2025, 12, 19), 18),
        "youtube;facebook",
        "b",
        "center-03; center-05",
        "BPNT",
        "lansia",
    ),
    Campaign(
        "EARLY", "Dini hari", at(date(2026, 1, 6), 1), at(date(2026, 1, 12), 6), "x", "c", "", "YAPI", "anak;lansia"
    ),
    Campaign("RUNNING", "Berjalan", at(date(2026, 1, 28), 9), at(date(2026, 2, 20), 9), "", "d", "", "PENA", "anak"),
    Campaign("COMING", "Akan datang", at(date(2026, 3, 1), 9), at(date(2026, 3, 9), 9), "", "e", "", "PENA", "anak"),
]
RULESETS = {
    1: ["OVER", "BEFORE"],
    2: ["OVER", "EARLY", "RUNNING", "BEFORE"],
    3: [campaign.campaign_code for campaign in CAMPAIGNS],
}


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A row of ops.post_tags."""

    account_code: str
    post_id: str
    content_hash: str
    ruleset_id: int
    rule_id: str
    tag_kind: str
    cluster_scheme: str | None
    tag: str
    strength: str
    starts_at: int


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of ops.tag_overrides, in the order of their numbers."""

    account_code: str
    post_id: str
    tag_kind: str
    cluster_scheme: str | None
    tag: str
    decision: str
    decided_by: str
    reason: str


@dataclass
class CaptionHistory:
    """The tags and decisions about the posts of a history, and which captions were read."""

    evidence: Evidence
    caption_reads: set[tuple[str, str, str, int]] = field(default_factory=set)
    found: list[FoundTag] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def caption_history(seeds: list[int]) -> CaptionHistory:
    """Histories of these seeds, with captions, tags, decisions and campaigns."""
    evidence = evidence_of(seeds)
    evidence.campaigns = list(CAMPAIGNS)
    captions = CaptionHistory(evidence)
    draws = random.Random(repr(seeds))
    evidence.entries = [
        (
            replace(
                entry, is_outreach=draws.choice([None, True, False]), program=draws.choice([None, "pena", " BPNT"])
            ),
            ok,
        )
        for entry, ok in evidence.entries
    ]
    contents: dict[tuple[str, str], list[str | None]] = {}
    older: dict[tuple[str, str], timedelta] = {}  # some posts are of the time of an earlier scheme
    for number, post in enumerate(evidence.posts):
        key = (post.account_code, post.post_id)
        if key not in contents:
            digest = sha256(f"{key}".encode()).hexdigest()
            contents[key] = draws.choice([[digest], [digest], [digest], [digest, digest[::-1]], [None], [None, digest]])
            older[key] = timedelta(days=draws.choice([0] * 8 + [550, 1900]))
            _read(captions, draws, *key, contents[key])
        post = evidence.posts[number] = replace(post, published_at=post.published_at - older[key])
        if post.presence is Presence.SEEN:
            shown = contents[key][0] if len(contents[key]) == 1 else draws.choice(contents[key])
            evidence.posts[number] = replace(post, content_hash=shown)
    for entry, _ in evidence.entries:
        if entry.last_post_url:
            _decide(captions, draws, entry.account_code, post_id_of(entry.last_post_url))
    _carry_campaigns(captions, draws)
    return captions


def _read(captions: CaptionHistory, draws: random.Random, account: str, post: str, contents: list[str | None]) -> None:
    for content in contents:
        for ruleset in RULESETS:
            if content is None or draws.random() < 0.35:
                continue
            captions.caption_reads.add((account, post, content, ruleset))
            for kind, scheme, tags in (
                ("program", None, PROGRAM_TAGS),
                ("cluster", "12-PAS", CLUSTER_TAGS),
                ("outreach", None, ["outreach"]),
            ):
                for tag in tags:
                    if draws.random() < 0.25:
                        for rule in draws.sample(["a", "b", "c"], draws.choice([1, 1, 2])):
                            strength, place = draws.choice(["strong", "weak"]), draws.randint(0, 5)
                            name = f"{tag}-{rule}"
                            captions.found.append(
                                FoundTag(account, post, content, ruleset, name, kind, scheme, tag, strength, place)
                            )
    _decide(captions, draws, account, post)


def _decide(captions: CaptionHistory, draws: random.Random, account: str, post: str) -> None:
    if draws.random() < 0.15:
        for number in range(draws.choice([1, 2, 3])):
            kind, scheme, tag = draws.choice(
                [
                    ("program", None, "PENA"),
                    ("program", None, "FOOD"),
                    ("outreach", None, "outreach"),
                    ("cluster", "12-PAS", "anak"),
                ]
            )
            decision = draws.choice(["add", "remove"])
            captions.decisions.append(Decision(account, post, kind, scheme, tag, decision, "humas", f"alasan {number}"))


def _carry_campaigns(captions: CaptionHistory, draws: random.Random) -> None:
    """Posts of the days of a campaign often carry it, where the ruleset knew it."""
    published = {(post.account_code, post.post_id): post.published_at for post in captions.evidence.posts}
    for account, post, content, ruleset in sorted(captions.caption_reads):
        for campaign in CAMPAIGNS:
            near = (
                campaign.starts_at - timedelta(days=1)
                <= published[account, post]
                <= campaign.ends_at + timedelta(days=1)
            )
            if campaign.campaign_code in RULESETS[ruleset] and near and draws.random() < 0.4:
                code = campaign.campaign_code
                captions.found.append(
                    FoundTag(account, post, content, ruleset, f"campaign:{code}", "campaign", None, code, "strong", 0)
                )


def write_caption_history(captions: CaptionHistory, url: str) -> None:
    """Replace the tags, reads and decisions in ops."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("truncate ops.post_tags, ops.tagged_captions, ops.tag_overrides, ops.tag_rulesets")
        cursor.executemany(
            "insert into ops.tag_rulesets (ruleset_id, ruleset_version, sha256, rules_sha256, rules, campaign_codes) "
            "overriding system value values (%s, %s, 'x', 'x', '[]', %s)",
            [(ruleset, ruleset * 10, codes) for ruleset, codes in RULESETS.items()],
        )
        with cursor.copy(
            "copy ops.tagged_captions (account_code, post_id, content_hash, ruleset_id) from stdin"
        ) as copy:
            for reading in captions.caption_reads:
                copy.write_row(reading)
        with cursor.copy(
            "copy ops.post_tags (account_code, post_id, content_hash, ruleset_id, ruleset_version, rule_id, tag_kind, "
            "cluster_scheme, tag, strength, matched_text, match_starts_at, match_ends_at) from stdin"
        ) as copy:
            for row in captions.found:
                copy.write_row(
                    (
                        row.account_code, row.post_id, row.content_hash, row.ruleset_id, row.ruleset_id * 10,
                        row.rule_id, row.tag_kind, row.cluster_scheme, row.tag, row.strength, row.rule_id,
                        row.starts_at, row.starts_at + 1,
                    )
                )  # fmt: skip
        cursor.executemany(
            "insert into ops.tag_overrides "
            "(account_code, post_id, tag_kind, cluster_scheme, tag, decision, decided_by, reason) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (d.account_code, d.post_id, d.tag_kind, d.cluster_scheme, d.tag, d.decision, d.decided_by, d.reason)
                for d in captions.decisions
            ],
        )
