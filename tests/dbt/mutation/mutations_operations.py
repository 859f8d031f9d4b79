"""Wrong rules of what surrounds the figures: spending, credentials, what people look at, what is known now."""

from tests.dbt.mutation.mutations import Mutation

OPERATIONS_MUTATIONS = [
    Mutation(
        "spending by the UTC day",
        "models/marts/operations/fct_api_spend_daily.sql",
        "local_date('spend.spent_at', 'platforms.quota_day_zone')",
        "local_date('spend.spent_at', \"'UTC'\")",
    ),
    Mutation(
        "US$ that run on over the month",
        "models/marts/operations/fct_api_spend_daily.sql",
        "partition by daily.platform, daily.month_start order by",
        "partition by daily.platform order by",
    ),
    Mutation(
        "a budget that lasts as long as a day of the whole month's pace",
        "models/marts/operations/fct_api_spend_daily.sql",
        "* running.day_of_month\n",
        "* 31\n",
    ),
    Mutation(
        "expired on its last day",
        "models/marts/operations/fct_credential_status.sql",
        "refresh_expires_date < as_of_date then 'expired'",
        "refresh_expires_date <= as_of_date then 'expired'",
    ),
    Mutation(
        "a day late to warn of a credential",
        "models/marts/operations/fct_credential_status.sql",
        "<= {{ var('credential_warning_days') }}",
        "< {{ var('credential_warning_days') }}",
    ),
    Mutation(
        "another case is another handle",
        "models/marts/core/fct_account_findings.sql",
        "lower(accounts.handle) <> lower(captures.handle_seen)",
        "accounts.handle <> captures.handle_seen",
    ),
    Mutation(
        "a review that is due tomorrow",
        "models/marts/core/fct_account_findings.sql",
        "accounts.review_due_at <= spine.date_day",
        "accounts.review_due_at < spine.date_day",
    ),
    Mutation(
        "an older version waits for its second person",
        "models/staging/social/stg_social__waiting_entries.sql",
        "entries.place = 1 and decisions.version is null",
        "decisions.version is null",
    ),
    Mutation(
        "an observation of the same day is none",
        "models/marts/core/fct_recency_as_is.sql",
        "observations.last_observed_date >= known.date_day",
        "observations.last_observed_date > known.date_day",
    ),
    Mutation(
        "posts that are gone are known now",
        "models/marts/core/fct_recency_as_is.sql",
        "    where counted_until is null\n",
        "    where counted_from is not null\n",
    ),
]
