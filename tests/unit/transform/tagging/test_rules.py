"""The rules' seeds: the shipped ones can be used, and every fault is a sentence that names its place."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from social_metrics.transform.tagging.rules import TaggingProblem, load_ruleset

Seeds = Callable[..., tuple[Path, Path]]
RULES_HEADER = (
    "rule_id,tag_kind,tag,cluster_scheme,strength,terms,case_sensitive,anchor,anchor_within_words,do_not_tag_on,"
    "valid_from,valid_to,ruleset_version,source_mark"
)
CAMPAIGNS_HEADER = (
    "campaign_code,title,starts_at,ends_at,required_platforms,terms,exempt_centers,program,clusters,source_refs"
)
GOOD_RULE = "r1,program,PENA,,strong,program pena,false,,,,,,3,GK"
GOOD_CAMPAIGN = "C1,Serentak,2026-10-20T07:00+07:00,2026-10-22T07:00+07:00,x;youtube,#Serentak,kartini,PENA,lansia,"


@pytest.fixture
def seeds(tmp_path: Path, repository: Path) -> Seeds:
    """Writes the seeds with these rules and campaigns."""

    def write(*rules: str, campaigns: tuple[str, ...] = ()) -> tuple[Path, Path]:
        shutil.copytree(repository / "dbt_project/seeds", tmp_path / "seeds")
        (tmp_path / "seeds/rules/tag_rules.csv").write_text("\n".join([RULES_HEADER, *rules, ""]))
        (tmp_path / "seeds/registry/campaigns.csv").write_text("\n".join([CAMPAIGNS_HEADER, *campaigns, ""]))
        return tmp_path / "seeds/rules", tmp_path / "seeds/registry"

    return write


def test_the_shipped_rules_can_be_used(repository: Path) -> None:
    home = repository / "dbt_project/seeds"
    ruleset = load_ruleset(home / "rules", home / "registry")
    assert len(ruleset.rules) > 60
    programs = {rule.tag for rule in ruleset.rules if rule.tag_kind == "program"}
    assert {"YAPI", "BPNT", "PERMAKANAN", "PENA", "ATENSI", "SEKOLAH_RAKYAT"} <= programs


def test_rules_and_campaigns_are_read(seeds: Seeds) -> None:
    ruleset = load_ruleset(*seeds(GOOD_RULE, campaigns=(GOOD_CAMPAIGN,)))
    assert (ruleset.version, ruleset.campaign_codes) == (3, ("C1",))
    assert [(rule.rule_id, rule.terms) for rule in ruleset.rules] == [
        ("r1", ("program pena",)),
        ("campaign:C1", ("#Serentak",)),
    ]


def test_a_campaign_changes_the_digest_but_not_that_of_the_rules(seeds: Seeds) -> None:
    rules, registry = seeds(GOOD_RULE, campaigns=(GOOD_CAMPAIGN,))
    with_campaign = load_ruleset(rules, registry)
    (registry / "campaigns.csv").write_text(CAMPAIGNS_HEADER + "\n")
    without = load_ruleset(rules, registry)
    assert with_campaign.rules_sha256 == without.rules_sha256
    assert with_campaign.sha256 != without.sha256


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (GOOD_RULE.replace("PENA", "PEN"), "tag_rules.csv, line 2, column tag: 'PEN' is not in programs.csv"),
        (GOOD_RULE.replace("program,PENA,", "cluster,anak,13-PAS"), "'anak' is no cluster of the scheme '13-PAS'"),
        (GOOD_RULE.replace("PENA,,", "PENA,12-PAS,"), "'12-PAS' belongs to cluster rules only"),
        (GOOD_RULE.replace("strong", "weak"), "column anchor: '' is blank, but a weak rule tags only beside an anchor"),
        (GOOD_RULE.replace("false,,", "false,sauh,"), "'sauh' is no anchor"),
        (GOOD_RULE.replace("program pena", ""), "column terms: '' is blank; write at least one phrase"),
        (GOOD_RULE.replace("program pena", "👍"), "which has no word in it"),
        (GOOD_RULE.replace(",3,GK", ",tiga,GK"), "every line carries the same whole number"),
        (GOOD_RULE.replace("strong", "firm"), "'firm' is not allowed here; write one of strong, weak"),
        (f"{GOOD_RULE}\n{GOOD_RULE}", "line 3, column rule_id: 'r1' names more than one rule"),
    ],
)
def test_a_fault_of_a_rule_is_a_sentence(seeds: Seeds, rule: str, sentence: str) -> None:
    with pytest.raises(TaggingProblem) as refusal:
        load_ruleset(*seeds(rule))
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("campaign", "sentence"),
    [
        (GOOD_CAMPAIGN.replace("PENA", ""), "column campaign_code: 'C1' has no program; a campaign is categorised"),
        (GOOD_CAMPAIGN.replace("lansia", ""), "'C1' has no clusters; a campaign is categorised before it is launched"),
        (GOOD_CAMPAIGN.replace("PENA", "PEN"), "column program: 'PEN' is not in programs.csv"),
        (GOOD_CAMPAIGN.replace("lansia", "lansia;tua"), "names tua, which clusters.csv does not list"),
        (GOOD_CAMPAIGN.replace("kartini", "karteni"), "names karteni, which centers.csv does not list"),
        (GOOD_CAMPAIGN.replace("x;youtube", "orkut"), "names orkut, which platforms.csv does not list"),
        (GOOD_CAMPAIGN.replace("T07:00+07:00", "T07:00", 1), "is not a time with its offset"),
        (GOOD_CAMPAIGN.replace("2026-10-22", "2026-10-19"), "is not after starts_at"),
        (GOOD_CAMPAIGN.replace("#Serentak", ""), "column terms: '' is blank"),
        (f"{GOOD_CAMPAIGN}\n{GOOD_CAMPAIGN}", "'C1' names more than one campaign"),
    ],
)
def test_a_fault_of_a_campaign_is_a_sentence(seeds: Seeds, campaign: str, sentence: str) -> None:
    with pytest.raises(TaggingProblem) as refusal:
        load_ruleset(*seeds(GOOD_RULE, campaigns=(campaign,)))
    assert sentence in str(refusal.value)


def test_no_rule_at_all_is_refused(seeds: Seeds) -> None:
    with pytest.raises(TaggingProblem, match=r"tag_rules\.csv has a header and no rows"):
        load_ruleset(*seeds())
