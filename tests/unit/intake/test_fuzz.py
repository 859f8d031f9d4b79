"""Fuzzed files and rows: none half-taken, none a traceback; each taken right or refused in a sentence."""

import io
import os
import random
from collections import Counter

import pytest
from openpyxl import load_workbook

from social_metrics.intake.template import make_template
from social_metrics.registry.registry import Registry
from tests.support.officer import TODAY
from tests.unit.intake.fuzz import ACCOUNTS, SENTENCE, make, outcome_of

PARTS = 8  # so that more than one core can work
FILES_A_PART = int(os.environ.get("SOCIAL_METRICS_TEST_FUZZED_FILES", "320")) // PARTS  # a full run says 10000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_file_is_taken_right_or_refused_in_a_sentence(registry: Registry, seed: int, part: int) -> None:
    accounts = [account for account in registry.verified_on(TODAY) if account.account_code in ACCOUNTS]
    template = make_template(registry, accounts, TODAY)
    draws = random.Random(f"{seed}:{part}")
    became: Counter[str] = Counter()
    for _ in range(FILES_A_PART):
        file_seed = draws.randrange(2**32)
        try:
            fuzzed = make(file_seed, template)
            outcome = outcome_of(fuzzed, registry)
            for message in outcome.messages:
                assert SENTENCE.match(message), message
            assert not (outcome.taken and outcome.messages)
            assert outcome.taken or outcome.messages
            for row in outcome.taken:
                assert row.account.account_code in ACCOUNTS
                understood = (row.row.followers.count, row.row.followers.precision_step)
                assert fuzzed.meant.get(row.row.followers_displayed, understood) == understood
            if outcome.annotated and fuzzed.content.startswith(b"PK"):
                load_workbook(io.BytesIO(outcome.annotated))
        except Exception as error:
            raise AssertionError(f"file seed {file_seed}") from error
        became["taken" if outcome.taken else "refused"] += 1
    assert min(became["taken"], became["refused"]) > 0, f"a run of {dict(became)} proves little"
