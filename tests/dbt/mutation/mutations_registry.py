"""Wrong rules about the registry: late verification, moved accounts, handed-over channels, days without an API."""

from tests.dbt.mutation.mutations import Mutation

REGISTRY_MUTATIONS = [
    Mutation(
        "days of manual entries alone are no reporting days",
        "models/intermediate/calendar/int_dates__reporting.sql",
        "    union all\n    select as_of_date from {{ ref('stg_social__manual_entries') }}\n",
        "",
    ),
    Mutation(
        "a late verification makes past days incomplete",
        "models/staging/registry/stg_registry__center_accounts.sql",
        "'submitted' as status_then",
        "'verified' as status_then",
    ),
    Mutation(
        "the posts of an account move with it",
        "models/intermediate/posts/int_posts__known_periods.sql",
        "{{ is_owner_on('accounts', 'periods.published_date') }}",
        "accounts.owned_until is null",
    ),
    Mutation(
        "a center loses its posts with the account",
        "models/marts/performance/fct_center_daily.sql",
        "    where not has_moved and not is_in_doubt\n",
        "    where not is_in_doubt\n",
    ),
    Mutation(
        "a post of a handed-over channel counts under both codes",
        "models/intermediate/posts/int_posts__of_other_code.sql",
        "where handovers.is_earlier\n",
        "where handovers.is_earlier and false\n",
    ),
    Mutation(
        "an account that moved has no growth at its new center",
        "models/intermediate/centers/int_centers__monthly_followers.sql",
        "partition by account_code order by month_start",
        "partition by account_code, center_code order by month_start",
    ),
    Mutation(
        "a platform without a date is required from always",
        "models/marts/core/fct_capture_completeness.sql",
        "centers.date_day >= platforms.required_from\n",
        "centers.date_day >= coalesce(platforms.required_from, centers.date_day)\n",
    ),
]
