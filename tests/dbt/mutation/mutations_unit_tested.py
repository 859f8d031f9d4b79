"""Wrong rules of cases that random histories hardly ever meet: unit tests find them."""

from tests.dbt.mutation.mutations import Mutation

UNIT_TESTED_MUTATIONS = [
    Mutation(
        "a month's end from the month before",
        "models/intermediate/accounts/int_accounts__month_ends.sql",
        "            and expected.month_start <= captures.date_day\n",
        "",
    ),
    Mutation(
        "> for >= at the score's threshold",
        "models/intermediate/centers/int_centers__monthly_scores.sql",
        "when known_weight >= {{ var('score_known_minimum') }}",
        "when known_weight > {{ var('score_known_minimum') }}",
    ),
    Mutation(
        "what is unknown lifts a center",
        "models/marts/performance/fct_center_monthly.sql",
        "then scores.certain_score end as rank_points",
        "then scores.score end as rank_points",
    ),
    Mutation(
        "a doubted listing stays doubted though one was believed after it",
        "models/intermediate/findings/int_findings__daily.sql",
        "    where outcomes.attempt_id is null and doubts.as_of_date",
        "    where doubts.as_of_date",
    ),
    Mutation(
        "an absence takes away what an API counted",
        "models/intermediate/posts/int_posts__monthly.sql",
        " and observations.presence = 'seen'\n",
        "\n",
    ),
    Mutation(
        "a post that is not out yet",
        "models/intermediate/posts/int_posts__known_periods.sql",
        "greatest(known_from, published_date) as counted_from",
        "known_from as counted_from",
    ),
    Mutation(
        "words of another kind are words of all kinds",
        "models/intermediate/centers/int_centers__monthly_coverage.sql",
        "            and subjects.tag_kind = unread.tag_kind\n",
        "            and unread.tag_kind = 'program'\n",
    ),
    Mutation(
        "a rounded count differs from what it stands for",
        "models/marts/core/fct_account_findings.sql",
        "entries.followers_count > api_captures.followers_count + api_captures.followers_precision_step - 1",
        "entries.followers_count > api_captures.followers_count",
    ),
    Mutation(
        "a change of definition that a gap hides",
        "models/marts/performance/fct_center_platform_daily.sql",
        "earlier.day_no < captures.day_no",
        "earlier.day_no = captures.day_no - 1",
    ),
    Mutation(
        "the change of an account in doubt is its platform's",
        "models/marts/performance/fct_center_platform_daily.sql",
        "case when suspensions.account_code is null then daily.change_7d end",
        "daily.change_7d",
    ),
]
