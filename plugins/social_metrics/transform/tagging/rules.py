"""Reads and validates the tag rules that people edit; each validation error names file, line and column.

`seeds/rules/` has the rules, programmes, clusters and their crosswalk; the registry's folder has the campaigns, which
change as often as the registry. dbt reads the same files.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from social_metrics.errors import UsageProblem
from social_metrics.registry.csv_file import SeedFile, SeedRow
from social_metrics.transform.tagging.vocabulary import Name, Vocabulary
from social_metrics.transform.tagging.words import ABBREVIATIONS, NORMALISATION, affixed, words

TAG_KINDS = ("program", "cluster", "outreach", "anchor")
RULE_COLUMNS = (
    "rule_id", "tag_kind", "tag", "cluster_scheme", "strength", "terms", "case_sensitive", "anchor",
    "anchor_within_words", "do_not_tag_on", "valid_from", "valid_to", "ruleset_version", "source_mark",
)  # fmt: skip
PROGRAM_COLUMNS = ("program", "label_id", "label_en", "parent_program", "valid_from", "valid_to", "source_mark")
CLUSTER_COLUMNS = (
    "cluster_scheme", "cluster", "cluster_order", "label_id", "label_en", "valid_from", "valid_to", "source_mark",
)  # fmt: skip
CAMPAIGN_COLUMNS = (
    "campaign_code", "title", "starts_at", "ends_at", "required_platforms", "terms", "exempt_centers", "program",
    "clusters", "source_refs",
)  # fmt: skip
STRENGTHS = ("strong", "weak")
ANYWHERE = "*"
"""Prefix of a do-not-tag-on phrase that excludes the whole post, not only the words that it covers."""


class TaggingProblem(UsageProblem):
    """The rules are invalid; `problems` has one sentence per validation error."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The tag rules cannot be used:\n" + "\n".join(f"  {problem}" for problem in self.problems))


@dataclass(frozen=True, slots=True)
class TagRule:
    """One rule: any of its terms tags a post, unless a phrase forbids it.

    Attributes:
        cluster_scheme: scheme of a cluster tag; empty for other kinds.
        strength: `strong`: one hit tags; `weak`: only with a term of the anchor in the same post.
        terms: phrases; `~` before a word means its affixed forms.
        anchor_within_words: greatest distance of the anchor from the term; None means anywhere in the post.
        do_not_tag_on: phrases that a hit must not overlap; after `*`, phrases that the post must not contain.
        valid_from: first WIB date of publication to which the rule applies; None is open.
    """

    rule_id: str
    tag_kind: str
    tag: str
    cluster_scheme: str
    strength: str
    terms: tuple[str, ...]
    case_sensitive: bool = False
    anchor: str = ""
    anchor_within_words: int | None = None
    do_not_tag_on: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def as_json(self) -> dict[str, Any]:
        """The rule as it is stored beside the tags."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}

    def phrases(self) -> Iterator["Phrase"]:
        """All phrases that the rule searches in a caption."""
        for phrase_no, (role, phrase) in enumerate(self._texts()):
            yield from _phrase(self.rule_id, role, phrase_no, phrase)

    def names(self) -> Iterator[Name]:
        """The phrases as whole names."""
        for _, phrase in self._texts():
            found = words(phrase.replace("~", ""))
            yield Name(tuple(word.word for word in found), self.strength == "strong")

    def _texts(self) -> Iterator[tuple[str, str]]:
        for term in self.terms:
            yield "term", term
        for phrase in self.do_not_tag_on:
            yield ("forbids_post", phrase[1:]) if phrase.startswith(ANYWHERE) else ("forbids_overlap", phrase)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One form of one word of a phrase; a hit needs a word for each position."""

    rule_id: str
    role: str  # term, forbids_post, forbids_overlap
    phrase_no: int
    length: int
    position: int
    form: str
    written: str


@dataclass(frozen=True)
class Ruleset:
    """The rules of one version, and the current campaigns as rules."""

    version: int
    rules: tuple[TagRule, ...]
    campaign_codes: tuple[str, ...]

    @cached_property
    def rules_sha256(self) -> str:
        """Digest of the rules without the campaigns; fixed within one version."""
        return _digest([rule.as_json() for rule in self.rules if rule.tag_kind != "campaign"])

    @cached_property
    def sha256(self) -> str:
        """Digest of rules, campaigns and the normalisation of captions."""
        return _digest([self.version, NORMALISATION, [rule.as_json() for rule in self.rules]])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The rules' words, by which broken and glued words of a caption are recognised."""
        forms = {phrase.form for rule in self.rules for phrase in rule.phrases()}
        names = {
            name
            for rule in self.rules
            if rule.tag_kind in ("program", "cluster") and not rule.case_sensitive
            for name in rule.names()
        }
        return Vocabulary(frozenset(forms | ABBREVIATIONS.keys()), frozenset(names))


def load_ruleset(rules_dir: Path, registry_dir: Path) -> Ruleset:
    """Read and validate the rules and the campaigns.

    Args:
        rules_dir: folder of tag_rules.csv, programs.csv and clusters.csv.
        registry_dir: folder of campaigns.csv, centers.csv and platforms.csv.

    Raises:
        TaggingProblem: they have validation errors.
    """
    problems: list[str] = []
    programs = {row["program"] for row in SeedFile.read(rules_dir / "programs.csv", PROGRAM_COLUMNS, problems).rows}
    clusters: dict[str, set[str]] = {}
    for row in SeedFile.read(rules_dir / "clusters.csv", CLUSTER_COLUMNS, problems).rows:
        clusters.setdefault(row["cluster_scheme"], set()).add(row["cluster"])
    rows = SeedFile.read(rules_dir / "tag_rules.csv", RULE_COLUMNS, problems).rows
    anchors = {row["tag"] for row in rows if row["tag_kind"] == "anchor"}
    rules = [_rule(row, programs, clusters, anchors) for row in rows]
    campaigns = _campaigns(registry_dir, programs, clusters, problems)
    for row in rows:
        if [other["rule_id"] for other in rows].count(row["rule_id"]) > 1:
            row.problem("rule_id", "names more than one rule; give each its own")
    versions = {row["ruleset_version"] for row in rows}
    if rows and (len(versions) > 1 or not re.fullmatch(r"[1-9][0-9]*", next(iter(versions)))):
        problems.append(
            f"tag_rules.csv, column ruleset_version: contains {', '.join(sorted(versions))}; every line carries the "
            "same whole number, one higher than before whenever a rule changes."
        )
    if not rows and not problems:
        problems.append("tag_rules.csv has no rule; without one every post would count as untagged.")
    if problems:
        raise TaggingProblem(problems)
    return Ruleset(
        int(next(iter(versions))), tuple(rules + campaigns), tuple(sorted(campaign.tag for campaign in campaigns))
    )


def _rule(row: SeedRow, programs: set[str], clusters: Mapping[str, set[str]], anchors: set[str]) -> TagRule:
    kind = row.one_of("tag_kind", TAG_KINDS)
    tag = row.required("tag")
    if kind == "program" and tag not in programs:
        row.problem("tag", "is not in programs.csv; add the programme there or correct the tag")
    if kind == "cluster" and tag not in clusters.get(row["cluster_scheme"], ()):
        row.problem("tag", f"is no cluster of the scheme {row['cluster_scheme']!r} in clusters.csv")
    if kind != "cluster" and row["cluster_scheme"]:
        row.problem("cluster_scheme", "belongs to cluster rules only; leave it blank")
    strength = row.one_of("strength", STRENGTHS)
    if strength == "weak" and not row["anchor"]:
        row.problem("anchor", "is blank, but a weak rule tags only beside an anchor; name one")
    if row["anchor"] and row["anchor"] not in anchors:
        row.problem("anchor", "is no anchor; add lines with tag_kind anchor and this tag, or correct it")
    return TagRule(
        rule_id=row.required("rule_id"),
        tag_kind=kind,
        tag=tag,
        cluster_scheme=row["cluster_scheme"],
        strength=strength,
        terms=_phrases(row, "terms"),
        case_sensitive=row.one_of("case_sensitive", ("true", "false")) == "true",
        anchor=row["anchor"],
        anchor_within_words=row.whole("anchor_within_words", least=1, optional=True),
        do_not_tag_on=_phrases(row, "do_not_tag_on") if row["do_not_tag_on"] else (),
        valid_from=row.date("valid_from"),
        valid_to=row.date("valid_to"),
    )


def _campaigns(
    registry_dir: Path, programs: set[str], clusters: Mapping[str, set[str]], problems: list[str]
) -> list[TagRule]:
    """The campaigns as rules that find their posts; a campaign without programme and clusters is an error."""
    known_clusters = set().union(*clusters.values())
    centers = _codes(registry_dir / "centers.csv", "center_code")
    platforms = _codes(registry_dir / "platforms.csv", "platform")
    rules: list[TagRule] = []
    file = SeedFile.read(registry_dir / "campaigns.csv", CAMPAIGN_COLUMNS, problems, may_be_empty=True)
    for row in file.rows:
        code = row.required("campaign_code")
        row.required("title")
        if not row["program"] or not row["clusters"]:
            missing = " and ".join(column for column in ("program", "clusters") if not row[column])
            row.problem(
                "campaign_code",
                f"has no {missing}; a campaign is categorised before it is launched, so fill in both or take it out",
            )
        elif row["program"] not in programs:
            row.problem("program", "is not in programs.csv")
        if unknown := set(row.items("clusters")) - known_clusters:
            row.problem("clusters", f"names {', '.join(sorted(unknown))}, which clusters.csv does not list")
        if unknown := set(row.items("exempt_centers")) - centers:
            row.problem("exempt_centers", f"names {', '.join(sorted(unknown))}, which centers.csv does not list")
        if unknown := set(row.items("required_platforms")) - platforms:
            row.problem("required_platforms", f"names {', '.join(sorted(unknown))}, which platforms.csv does not list")
        starts_at, ends_at = _instant(row, "starts_at"), _instant(row, "ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            row.problem("ends_at", "is not after starts_at")
        if any(rule.tag == code for rule in rules):
            row.problem("campaign_code", "names more than one campaign; give each its own")
        rules.append(TagRule(f"campaign:{code}", "campaign", code, "", "strong", _phrases(row, "terms")))
    return rules


def _codes(path: Path, column: str) -> set[str]:
    """The codes in a file of the registry, which `load_registry` validates."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row[column].strip() for row in csv.DictReader(file)}


def _instant(row: SeedRow, column: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(row[column])
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        row.problem(column, "is not a time with its offset; write e.g. 2026-10-20T07:00+07:00")
        return None
    return instant


def _phrases(row: SeedRow, column: str) -> tuple[str, ...]:
    phrases = row.items(column)
    if not phrases:
        row.problem(column, "is blank; write at least one phrase")
    for phrase in phrases:
        if not words(phrase.replace("~", "")):
            row.problem(column, f"contains {phrase!r}, which has no word in it")
    return phrases


def _phrase(rule_id: str, role: str, phrase_no: int, text: str) -> Iterator[Phrase]:
    found = [(word, part.startswith("~")) for part in text.split() for word in words(part.removeprefix("~"))]
    for position, (word, has_affixes) in enumerate(found):
        for form in sorted(affixed(word.word)) if has_affixes else (word.word,):
            yield Phrase(rule_id, role, phrase_no, len(found), position, form, word.written)
    if len(found) > 1:  # a hashtag in lower case joins the words
        joined = "".join(word.word for word, _ in found)
        written = "".join(word.written for word, _ in found)
        yield Phrase(rule_id, role, -phrase_no - 1, 1, 0, joined, written)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
