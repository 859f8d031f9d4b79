"""The digests of this release's rules are those of the project; `make rule-digests` writes them."""

import json
import os

from social_metrics.audit.release_rules import DIGESTS, digests_of_releases, unshipped
from social_metrics.audit.rules import Rule

RELEASE = "0.1.0"


def test_digests_are_those_of_the_project(compiled: list[Rule]) -> None:
    digests = json.loads(DIGESTS.read_text())
    now = {f"{rule.kind} {rule.name}": rule.sha256 for rule in compiled if rule.kind != "registry_seed"}
    if os.environ.get("SOCIAL_METRICS_TEST_WRITE_RULE_DIGESTS"):
        digests[RELEASE] = dict(sorted(now.items()))
        DIGESTS.write_text(json.dumps(digests, indent=1) + "\n")
        digests_of_releases.cache_clear()
    assert digests[RELEASE] == now, "the rules have changed: run `make rule-digests` and commit release_rules.json"
    assert unshipped(compiled, f"social-metrics {RELEASE}") == (RELEASE, [])
