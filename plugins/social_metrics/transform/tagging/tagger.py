"""Applies the tag rules to captions that have not been tagged by them yet, and stores the tags.

One set operation in SQL per batch joins words of captions with words of rules. Python only splits captions into words,
because only it knows their offsets in the original caption.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import psycopg

from social_metrics.settings import Settings
from social_metrics.transform.tagging.rules import Ruleset, TaggingProblem, load_ruleset
from social_metrics.transform.tagging.vocabulary import Vocabulary
from social_metrics.transform.tagging.words import words
from social_metrics.warehouse.connect import connect

logger = logging.getLogger(__name__)

BATCH = 5_000
"""Captions per batch: some hundred thousand words, a few seconds."""


@dataclass(frozen=True)
class TaggingReport:
    """Result of a tagging run."""

    ruleset_id: int
    ruleset_version: int
    captions: int
    tags: int


def tag_captions(settings: Settings, warehouse_url: str) -> TaggingReport | None:
    """Tag every stored caption that the present rules have not tagged, or tagged under an earlier normalisation.

    Afterwards the caption may be deleted.

    Args:
        settings: with the folders of the dbt project (rules) and of the registry (campaigns).
        warehouse_url: postgresql://… of the service login.

    Returns:
        The report, or None for a dbt project without tag rules.

    Raises:
        TaggingProblem: the rules are invalid, or were changed under a version that has tagged posts already.
        WarehouseProblem: the warehouse cannot be used.
    """
    rules_dir: Path = settings.dbt_project_dir / "seeds" / "rules"
    if not (rules_dir / "tag_rules.csv").exists():
        return None
    ruleset = load_ruleset(rules_dir, settings.registry_dir)
    with connect(warehouse_url, "transformer") as connection:
        ruleset_id = _ruleset_id(connection, ruleset)
        _write_rules(connection, ruleset)
        captions = tags = 0
        while batch := connection.execute(UNTAGGED, {"ruleset_id": ruleset_id, "batch": BATCH}).fetchall():
            _write_words(connection, batch, ruleset.vocabulary)
            tags += _match(connection, ruleset_id, ruleset.version)
            connection.execute(MARK_TAGGED, {"ruleset_id": ruleset_id})
            connection.commit()
            captions += len(batch)
    logger.info("Tagged %d captions under ruleset version %d: %d tags", captions, ruleset.version, tags)
    return TaggingReport(ruleset_id, ruleset.version, captions, tags)


def _match(connection: psycopg.Connection, ruleset_id: int, version: int) -> int:
    """Match the rules with the batch's words; `analyze` after each step gives the next one a good plan."""
    connection.execute("truncate hits, anchors")
    connection.execute(HITS)
    connection.execute("analyze hits")
    connection.execute(ANCHORS)
    connection.execute("analyze anchors")
    return connection.execute(MATCH, {"ruleset_id": ruleset_id, "version": version}).rowcount


def _ruleset_id(connection: psycopg.Connection, ruleset: Ruleset) -> int:
    """The id of these rules and campaigns; a new one when any of them or the normalisation changed."""
    changed = connection.execute(
        "select 1 from ops.tag_rulesets where ruleset_version = %s and rules_sha256 <> %s",
        (ruleset.version, ruleset.rules_sha256),
    ).fetchone()
    if changed:
        raise TaggingProblem(
            [
                f"tag_rules.csv was changed, but its ruleset_version is still {ruleset.version}, "
                "which has tagged posts already. Raise the version on every line."
            ]
        )
    newest = connection.execute(
        "select ruleset_id, sha256 from ops.tag_rulesets order by ruleset_id desc limit 1"
    ).fetchone()
    if newest and newest[1] == ruleset.sha256:
        return int(newest[0])
    row = connection.execute(
        "insert into ops.tag_rulesets (ruleset_version, sha256, rules_sha256, rules, campaign_codes) "
        "values (%s, %s, %s, %s, %s) returning ruleset_id",
        (
            ruleset.version,
            ruleset.sha256,
            ruleset.rules_sha256,
            json.dumps([rule.as_json() for rule in ruleset.rules], ensure_ascii=False),
            list(ruleset.campaign_codes),
        ),
    ).fetchone()
    assert row is not None  # noqa: S101  returning gives one
    return int(row[0])


def _write_rules(connection: psycopg.Connection, ruleset: Ruleset) -> None:
    connection.execute(TEMPORARY_TABLES)
    with connection.cursor() as cursor:
        with cursor.copy("copy rules from stdin") as copy:
            for rule in ruleset.rules:
                copy.write_row(
                    (
                        rule.rule_id,
                        rule.tag_kind,
                        rule.tag,
                        rule.cluster_scheme,
                        rule.strength,
                        rule.case_sensitive,
                        rule.anchor or None,
                        rule.anchor_within_words,
                        rule.valid_from,
                        rule.valid_to,
                    )
                )
        with cursor.copy("copy rule_words from stdin") as copy:
            for rule in ruleset.rules:
                for phrase in rule.phrases():
                    copy.write_row(
                        (
                            phrase.rule_id,
                            phrase.role,
                            phrase.phrase_no,
                            phrase.length,
                            phrase.position,
                            phrase.form,
                            phrase.written if rule.case_sensitive and phrase.role == "term" else None,
                        )
                    )
        cursor.execute("analyze rules; analyze rule_words")


Caption = tuple[str, str, str, object, str]


def _write_words(connection: psycopg.Connection, batch: list[Caption], vocabulary: Vocabulary) -> None:
    with connection.cursor() as cursor:
        cursor.execute("truncate captions, caption_words")
        with cursor.copy("copy captions from stdin") as copy:
            for number, (account_code, post_id, content_hash, published_date, _) in enumerate(batch):
                copy.write_row((number, account_code, post_id, content_hash, published_date))
        with cursor.copy("copy caption_words from stdin") as copy:
            for number, (*_, caption) in enumerate(batch):
                for word in words(caption, vocabulary):
                    matched = caption[word.starts_at : word.ends_at]
                    copy.write_row(
                        (number, word.position, word.word, word.written, word.starts_at, word.ends_at, matched)
                    )
        cursor.execute("analyze captions; analyze caption_words")


TEMPORARY_TABLES = """
create temporary table rules (
    rule_id text, tag_kind text, tag text, cluster_scheme text, strength text, case_sensitive boolean,
    anchor text, anchor_within_words integer, valid_from date, valid_to date);
create temporary table rule_words (
    rule_id text, role text, phrase_no integer, length integer, position integer, form text, written text);
create temporary table captions (
    caption_no integer, account_code text, post_id text, content_hash text, published_date date);
create temporary table caption_words (
    caption_no integer, position integer, word text, written text, starts_at integer, ends_at integer, original text);
create index on caption_words (caption_no, position);
create temporary table hits (
    caption_no integer, rule_id text, role text, first_position integer, last_position integer);
create index on hits (caption_no, rule_id);
create temporary table anchors (caption_no integer, anchor text, first_position integer, last_position integer);
create index on anchors (caption_no, anchor);
"""

# A rule applies to posts published within its dates; the newest observation has the time of publication.
UNTAGGED = """
select distinct on (captions.account_code, captions.post_id, captions.content_hash)
    captions.account_code, captions.post_id, captions.content_hash,
    (posts.published_at at time zone 'Asia/Jakarta')::date as published_date, captions.caption
from raw.post_captions as captions
left join lateral (
    select published_at from raw.posts
    where posts.account_code = captions.account_code and posts.post_id = captions.post_id
    order by captured_at desc
    limit 1
) as posts on true
where not exists (
    select from ops.tagged_captions as tagged
    where tagged.account_code = captions.account_code and tagged.post_id = captions.post_id
        and tagged.content_hash = captions.content_hash and tagged.ruleset_id = %(ruleset_id)s
)
order by captions.account_code, captions.post_id, captions.content_hash, captions.captured_at desc
limit %(batch)s
"""

# A phrase is hit where all its words are at their positions.
HITS = """
insert into hits
select
    words.caption_no,
    phrases.rule_id,
    phrases.role,
    words.position - phrases.position as first_position,
    words.position - phrases.position + phrases.length - 1 as last_position
from rule_words as phrases
join caption_words as words
    on words.word = phrases.form and (phrases.written is null or phrases.written = words.written)
group by words.caption_no, phrases.rule_id, phrases.role, phrases.phrase_no, phrases.length,
    words.position - phrases.position
having count(distinct phrases.position) = phrases.length
"""

ANCHORS = """
insert into anchors
select hits.caption_no, rules.tag, hits.first_position, hits.last_position
from hits join rules using (rule_id)
where rules.tag_kind = 'anchor' and hits.role = 'term'
    and not exists (
        select from hits as forbidden
        where forbidden.role = 'forbids_overlap' and forbidden.caption_no = hits.caption_no
            and forbidden.rule_id = hits.rule_id
            and forbidden.first_position <= hits.last_position and forbidden.last_position >= hits.first_position)
"""

MATCH = """
with allowed as (

    select hits.*
    from hits
    join rules using (rule_id)
    join captions using (caption_no)
    where hits.role = 'term'
        and rules.tag_kind <> 'anchor'
        and (rules.valid_from is null or captions.published_date >= rules.valid_from)
        and (rules.valid_to is null or captions.published_date <= rules.valid_to)
        and not exists (
            select from hits as forbidden
            where forbidden.caption_no = hits.caption_no and forbidden.rule_id = hits.rule_id
                and (forbidden.role = 'forbids_post'
                    or (forbidden.role = 'forbids_overlap'
                        and forbidden.first_position <= hits.last_position
                        and forbidden.last_position >= hits.first_position)))
        and (rules.anchor is null or exists (
            select from anchors
            where anchors.caption_no = hits.caption_no and anchors.anchor = rules.anchor
                and (anchors.last_position < hits.first_position or anchors.first_position > hits.last_position)
                and (rules.anchor_within_words is null
                    or (anchors.first_position - hits.last_position <= rules.anchor_within_words
                        and hits.first_position - anchors.last_position <= rules.anchor_within_words))))

),

first_hits as (

    select distinct on (caption_no, rule_id) *
    from allowed
    order by caption_no, rule_id, first_position, last_position desc

)

insert into ops.post_tags (
    account_code, post_id, content_hash, ruleset_id, ruleset_version, rule_id, tag_kind, cluster_scheme, tag, strength,
    matched_text, match_starts_at, match_ends_at)
select
    captions.account_code, captions.post_id, captions.content_hash, %(ruleset_id)s, %(version)s,
    rules.rule_id, rules.tag_kind, nullif(rules.cluster_scheme, ''), rules.tag, rules.strength,
    -- Only the words that were hit: a caption may contain a name, this column never does.
    (select string_agg(part.original, ' ' order by part.starts_at)
        from (select distinct words.original, words.starts_at from caption_words as words
            where words.caption_no = first_hits.caption_no
                and words.position between first_hits.first_position and first_hits.last_position) as part),
    (select min(words.starts_at) from caption_words as words
        where words.caption_no = first_hits.caption_no and words.position = first_hits.first_position),
    (select max(words.ends_at) from caption_words as words
        where words.caption_no = first_hits.caption_no and words.position = first_hits.last_position)
from first_hits
join rules using (rule_id)
join captions using (caption_no)
"""

MARK_TAGGED = """
insert into ops.tagged_captions (account_code, post_id, content_hash, ruleset_id)
select account_code, post_id, content_hash, %(ruleset_id)s from captions
"""
