"""Labelled captions, what the tagger makes of them, and how often it is right: precision and recall per tag."""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg

from social_metrics.warehouse.connect import connect

HERE = Path(__file__).parent
TUNED, HELD_OUT = HERE / "labelled_captions.csv", HERE / "held_out_captions.csv"
PUBLISHED_AT = datetime(2025, 8, 1, 3, tzinfo=UTC)
"""All are read as if published then: under 12-PAS, with Sekolah Rakyat running."""

Tags = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Score:
    """How a tag fared: true positives, false positives, false negatives."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the tags given that are right; 1 when none was given."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of the tags expected that were given; 1 when none was expected."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)


def labelled(path: Path) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """Caption by id, and the expected tags by id, each as `kind:tag`."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    captions = {row["caption_id"]: row["caption"] for row in rows}
    expected = {
        row["caption_id"]: frozenset(
            [f"program:{tag}" for tag in row["programs"].split(";") if tag]
            + [f"cluster:{tag}" for tag in row["clusters"].split(";") if tag]
            + (["outreach:outreach"] if row["outreach"] == "yes" else [])
        )
        for row in rows
    }
    assert len(captions) == len(rows), "every caption has its own id"
    return captions, expected


def write_captions(url: str, captions: Mapping[str, str], published_at: datetime = PUBLISHED_AT) -> None:
    """Put each caption into raw as the post of that id, of one account."""
    digests = {post_id: hashlib.sha256(caption.encode()).hexdigest() for post_id, caption in captions.items()}
    with connect(url, "loader") as connection, connection.cursor() as cursor:
        cursor.execute("select ops.ensure_month_partitions(%s)", ([published_at],))
        cursor.executemany(
            "insert into raw.posts (account_code, platform, post_id, captured_at, published_at, post_type, "
            "content_hash, presence, source, response_id, run_id) "
            "values ('kartini-x', 'x', %s, %s, %s, 'text', %s, 'seen', 'api', %s, 'run')",
            [(post_id, published_at, published_at, digests[post_id], uuid4()) for post_id in captions],
        )
        cursor.executemany(
            "insert into raw.post_captions (account_code, platform, post_id, content_hash, captured_at, caption) "
            "values ('kartini-x', 'x', %s, %s, %s, %s)",
            [(post_id, digests[post_id], published_at, caption) for post_id, caption in captions.items()],
        )


def given_tags(url: str) -> dict[str, frozenset[str]]:
    """The tags kept in ops, by post, of the newest ruleset."""
    found: dict[str, set[str]] = defaultdict(set)
    with psycopg.connect(url) as connection:
        for post_id, kind, tag in connection.execute(
            "select post_id, tag_kind, tag from ops.post_tags "
            "where ruleset_id = (select max(ruleset_id) from ops.tag_rulesets) and tag_kind <> 'campaign'"
        ):
            found[post_id].add(f"{kind}:{tag}")
    return {post_id: frozenset(tags) for post_id, tags in found.items()}


def scores(expected: Tags, given: Tags) -> dict[str, Score]:
    """Score of every tag that was expected or given."""
    everything = sorted(set().union(*expected.values(), *(given.get(post_id, ()) for post_id in expected)))
    return {
        tag: Score(
            right=sum(tag in expected[post_id] and tag in given.get(post_id, ()) for post_id in expected),
            wrong=sum(tag not in expected[post_id] and tag in given.get(post_id, ()) for post_id in expected),
            missed=sum(tag in expected[post_id] and tag not in given.get(post_id, ()) for post_id in expected),
        )
        for tag in everything
    }


def total(parts: Iterable[Score]) -> Score:
    """All tags together."""
    return sum(parts, Score(0, 0, 0))


def table(title: str, by_tag: Mapping[str, Score]) -> str:
    """The scores as lines to print."""
    lines = [f"{title}: tag, precision, recall (right/wrong/missed)"]
    for tag, score in [*by_tag.items(), ("all", total(by_tag.values()))]:
        counts = f"{score.right}/{score.wrong}/{score.missed}"
        lines.append(f"  {tag:32} {score.precision:6.2f} {score.recall:6.2f}   {counts}")
    return "\n".join(lines)
