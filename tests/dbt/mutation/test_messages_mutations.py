"""Wrong rules about captions and tags, put in on purpose: the oracle finds each of them."""

from collections.abc import Callable

import pytest

from tests.dbt.mutation.mutations import Mutation
from tests.dbt.mutation.spoiled_project import SpoiledProject
from tests.dbt.reference.captions import caption_history, write_caption_history
from tests.dbt.reference.comparison import differences
from tests.dbt.reference.histories import RETENTION_AS_OF, loaded_late
from tests.dbt.reference.oracle import Accounts, Rows
from tests.dbt.reference.oracle_boards import expected_marts
from tests.dbt.reference.oracle_coverage import expected_messages
from tests.dbt.reference.oracle_messages import Messages
from tests.support.dbt_runner import Warehouse
from tests.support.factories import Evidence

SEEDS = list(range(30))
MUTATIONS = [
    Mutation(
        "unread words are untagged",
        "models/intermediate/posts/int_posts__caption_reads.sql",
        "else 'unread'",
        "else 'no_words'",
    ),
    Mutation(
        "the oldest rules stand",
        "models/intermediate/posts/int_posts__caption_reads.sql",
        "order by ruleset_id desc",
        "order by ruleset_id",
    ),
    Mutation(
        "a person's removal is passed over",
        "models/intermediate/posts/int_posts__tags.sql",
        "case when decided.decision = 'remove' then 'removed' else 'tagged' end",
        "'tagged'",
    ),
    Mutation(
        "a person's first word stands",
        "models/intermediate/posts/int_posts__tags.sql",
        "order by statements.override_id desc, statements.stated_on desc",
        "order by statements.override_id, statements.stated_on desc",
    ),
    Mutation(
        "the crosswalk follows parts",
        "models/intermediate/posts/int_posts__tags.sql",
        "and not crosswalk.is_partial",
        "and crosswalk.is_partial is not null",
    ),
    Mutation(
        "what an officer enters about a post is passed over",
        "models/intermediate/posts/int_posts__tags.sql",
        "    where is_outreach\n",
        "    where not is_outreach\n",
    ),
    Mutation(
        "an officer's programme is passed over",
        "models/intermediate/posts/int_posts__tags.sql",
        "lower(trim(entries.program)) in (",
        "entries.program in (",
    ),
    Mutation(
        "an officer's entry stands over a later decision",
        "models/intermediate/posts/int_posts__tags.sql",
        "order by statements.override_id desc, statements.stated_on desc",
        "order by stated_on desc nulls last, override_id desc",
    ),
    Mutation(
        "a decision about an entered post is lost when an API shows it",
        "models/intermediate/posts/int_posts__tags.sql",
        "coalesce(renamed.shown_as, overrides.post_id) as post_id",
        "overrides.post_id as post_id",
    ),
    Mutation(
        "who takes a programme away has read for all of them",
        "models/intermediate/posts/int_posts__tag_coverage.sql",
        "and (tag_state = 'tagged' or tag_kind = 'outreach')",
        "and tag_state in ('tagged', 'removed')",
    ),
    Mutation(
        "a no to outreach is not heard",
        "models/intermediate/posts/int_posts__tag_coverage.sql",
        "where is_outreach is not null and",
        "where is_outreach and",
    ),
    Mutation(
        "a month's programmes of posts that only people saw are missing",
        "models/intermediate/centers/int_centers__monthly_coverage.sql",
        "where tags.tag_state = 'tagged'",
        "where tags.tag_state = 'tagged' and tags.overridden_by is null",
    ),
    Mutation(
        "coverage of posts that were gone",
        "models/marts/content/fct_program_coverage.sql",
        "months.known_on_date < periods.counted_until",
        "months.known_on_date >= periods.counted_until",
    ),
    Mutation(
        "an early post carried the campaign",
        "macros/time.sql",
        "{{ campaign }}.starts_at <= {{ instant }}",
        "{{ campaign }}.starts_at - interval '1 day' <= {{ instant }}",
    ),
    Mutation(
        "an account without observation counts as never",
        "models/marts/content/fct_campaign_synchrony.sql",
        "when posts_unread > 0 or accounts_not_observed > 0 then 'unknown'",
        "when posts_unread > 9999 then 'unknown'",
    ),
    Mutation(
        "silence though a newer post was not read",
        "models/intermediate/centers/int_centers__daily_recency_by_scope.sql",
        "and not joined.has_unread_since",
        "and joined.has_unread_since is not null",
    ),
]


@pytest.fixture(scope="module")
def spoiled(
    make_warehouse: Callable[[Evidence], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> SpoiledProject:
    captions = caption_history(SEEDS)
    warehouse = make_warehouse(captions.evidence)
    warehouse.load(captions.evidence, loaded_late)
    write_caption_history(captions, warehouse.url)
    return SpoiledProject(warehouse, tmp_path_factory.mktemp("spoiled") / "dbt_project")


@pytest.fixture(scope="module")
def expected(next_steps: dict[str, str | None]) -> dict[str, Rows]:
    """What the oracle says about these histories."""
    captions = caption_history(SEEDS)
    known = expected_marts(captions.evidence, RETENTION_AS_OF, next_steps)
    accounts = Accounts(captions.evidence, RETENTION_AS_OF, next_steps)
    messages = Messages(captions, accounts, known["fct_posts"], known["fct_center_daily"])
    return expected_messages(messages, ["outreach_post"])


@pytest.mark.slow
def test_the_copy_is_right_before_it_is_spoiled(spoiled: SpoiledProject, expected: dict[str, Rows]) -> None:
    assert differences(spoiled.warehouse, expected) == []


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_wrong_rule_is_found(spoiled: SpoiledProject, expected: dict[str, Rows], mutation: Mutation) -> None:
    assert spoiled.differences_with(mutation, expected), f"nobody notices: {mutation.name}"
