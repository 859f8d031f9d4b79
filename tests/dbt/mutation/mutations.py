"""Wrong rules, each one edit away from the right one: the mistakes that people of this field really make."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One edit of one file of the project; `right` occurs in it exactly once."""

    name: str
    file: str
    right: str
    wrong: str


MUTATIONS = [
    Mutation(
        "< for <= at the month's edge",
        "models/intermediate/accounts/int_followers__period_baselines.sql",
        "reported.date_day >= reported.period_start - ",
        "reported.date_day > reported.period_start - ",
    ),
    Mutation(
        "UTC for WIB",
        "macros/time.sql",
        'local_date(instant, "\'" ~ var("report_time_zone") ~ "\'")',
        "local_date(instant, \"'UTC'\")",
    ),
    Mutation(
        "no count is zero",
        "models/staging/social/stg_social__profile_snapshots.sql",
        "case when not is_expired then followers_count end as",
        "coalesce(followers_count, 0) as",
    ),
    Mutation(
        "latest by loading, not by capture",
        "models/intermediate/accounts/int_profile_snapshots__daily_latest.sql",
        "order by snapshots.captured_at desc",
        "order by snapshots.loaded_at desc",
    ),
    Mutation(
        "growth across a change of definition",
        "models/marts/core/fct_follower_growth_daily.sql",
        "known.series_no = known.series_no_{{ name }} as",
        "known.series_no + known.series_no_{{ name }} is not null as",
    ),
    Mutation(
        "an interpolated gap",
        "models/marts/core/fct_follower_growth_daily.sql",
        "        captures.followers_count,\n",
        "        coalesce(captures.followers_count, cast(avg(captures.followers_count) over (partition by"
        " spine.account_code order by spine.day_no rows between 1 preceding and 1 following) as bigint))"
        " as followers_count,\n",
    ),
    Mutation(
        "an open interval for a closed one",
        "macros/growth.sql",
        "{{ low }} <= 0 and {{ high }} >= 0",
        "{{ low }} < 0 and {{ high }} > 0",
    ),
    Mutation(
        "a carried value in growth",
        "models/marts/core/fct_follower_growth_daily.sql",
        "    left join {{ ref('int_profile_snapshots__daily_latest') }} as captures\n"
        "        on spine.account_code = captures.account_code and spine.day_no = captures.day_no\n",
        "    left join lateral (select * from {{ ref('int_profile_snapshots__daily_latest') }} as latest where\n"
        "        latest.account_code = spine.account_code and latest.day_no between spine.day_no - 3 and spine.day_no\n"
        "        order by latest.day_no desc limit 1) as captures on true\n",
    ),
    Mutation(
        "a baseline outside its window",
        "macros/growth.sql",
        "{{ window.days + window.tolerance_days }} preceding",
        "unbounded preceding",
    ),
    Mutation(
        "carried for a day too long",
        "models/intermediate/accounts/int_accounts__daily_status.sql",
        "range between {{ var('carry_days') }} preceding",
        "range between {{ var('carry_days') + 1 }} preceding",
    ),
    Mutation(
        "a hidden count fails the center",
        "models/intermediate/accounts/int_accounts__daily_status.sql",
        "when captures.followers_state <> 'reported' then 'hidden'",
        "when captures.followers_state <> 'reported' then 'failed'",
    ),
    Mutation(
        "a post found late rewrites the days before",
        "models/intermediate/posts/int_posts__known_periods.sql",
        "greatest(known_from, published_date) as counted_from",
        "published_date as counted_from",
    ),
    Mutation(
        "a deleted post stays the newest",
        "models/intermediate/posts/int_posts__known_periods.sql",
        "known_until as counted_until",
        "cast(null as date) as counted_until",
    ),
    Mutation(
        "silent without a look",
        "macros/recency.sql",
        "and not {{ is_observed }} then 'unknown'",
        "and false then 'unknown'",
    ),
    Mutation(
        "the last attempt for the best",
        "models/intermediate/accounts/int_accounts__daily_outcomes.sql",
        "order by precedence asc, attempted_at desc",
        "order by attempted_at desc, precedence asc",
    ),
    Mutation(
        "an order where there is a tie",
        "models/marts/performance/leaderboard_followers.sql",
        "range between unbounded preceding and 1 preceding",
        "rows between unbounded preceding and 1 preceding",
    ),
    Mutation(
        "unknown is missing",
        "models/marts/core/fct_capture_completeness.sql",
        "coalesce(statuses.outcome, 'not_yet_verified')",
        "coalesce(statuses.outcome, 'missing_account')",
    ),
    Mutation(
        "unconfirmed entries count",
        "models/staging/social/stg_social__manual_entries.sql",
        "    inner join confirmations\n",
        "    left join confirmations\n",
    ),
    Mutation(
        "a hand entry is an attempt of the API",
        "models/intermediate/accounts/int_accounts__daily_outcomes.sql",
        "false as is_attempt",
        "true as is_attempt",
    ),
    Mutation(
        "confirmed once, trusted for ever",
        "models/intermediate/accounts/int_accounts__daily_suspensions.sql",
        "where confirmed.confirmed_at is null or confirmed.confirmed_at < doubted.mismatched_at",
        "where confirmed.confirmed_at is null",
    ),
    Mutation(
        "an account in doubt counts as observed",
        "models/marts/performance/fct_center_daily.sql",
        "filter (where is_in_doubt or not is_observed) as accounts_not_observed",
        "filter (where not is_observed) as accounts_not_observed",
    ),
    Mutation(
        "a month's end a day too early",
        "models/intermediate/accounts/int_accounts__month_ends.sql",
        "captures.day_no > expected.day_no - ",
        "captures.day_no >= expected.day_no - ",
    ),
    Mutation(
        "not known is zero points",
        "models/intermediate/centers/int_centers__monthly_scores.sql",
        "when measures.value is not null",
        "when true",
    ),
    Mutation(
        "a month's growth across a change of definition",
        "models/intermediate/centers/int_centers__monthly_followers.sql",
        "before_series_no = series_no as",
        "true as",
    ),
    Mutation(
        "what a post moved after the month's end",
        "models/intermediate/posts/int_posts__monthly.sql",
        "counted.known_on_date >= observations.as_of_date and ",
        "",
    ),
    Mutation(
        "posts that only people saw are no posts",
        "models/marts/core/fct_posts.sql",
        "    where post_id is not null\n",
        "    where false\n",
    ),
    Mutation(
        "a post found after the month's end",
        "models/intermediate/posts/int_posts__monthly.sql",
        "            and months.known_on_date >= periods.counted_from\n",
        "",
    ),
    Mutation(
        "a month counts the posts of an account in doubt",
        "models/intermediate/posts/int_posts__monthly.sql",
        "    where not accounts.is_in_doubt\n",
        "",
    ),
    Mutation(
        "an account in doubt at the month's end counts as observed",
        "models/intermediate/centers/int_centers__monthly_posting.sql",
        "count(*) filter (where not outcomes.is_observed or accounts.is_in_doubt)",
        "count(*) filter (where not outcomes.is_observed)",
    ),
    Mutation(
        "doubt on any day of a month takes the whole month's posts",
        "models/intermediate/accounts/int_accounts__months.sql",
        "and months.last_date = suspensions.date_day",
        "and months.month_start <= suspensions.date_day and months.last_date >= suspensions.date_day",
    ),
    Mutation(
        "silence without a look at the month's end",
        "models/intermediate/centers/int_centers__monthly_posting.sql",
        "when observed.accounts_expected > 0 and observed.accounts_not_observed = 0 then",
        "when observed.accounts_expected > 0 then",
    ),
    Mutation(
        "a baseline of a month that is not before it",
        "models/intermediate/accounts/int_followers__period_baselines.sql",
        "+ interval '1 month' as date) as period_start",
        "as date) as period_start",
    ),
    Mutation(
        "a week that reaches nine days back",
        "dbt_project.yml",
        "{name: 7d, days: 7, tolerance_days: 1}",
        "{name: 7d, days: 7, tolerance_days: 2}",
    ),
    Mutation(
        "a day that reaches two days back",
        "dbt_project.yml",
        "{name: 1d, days: 1, tolerance_days: 0}",
        "{name: 1d, days: 1, tolerance_days: 1}",
    ),
    Mutation(
        "a month of days without its tolerance",
        "dbt_project.yml",
        "{name: 30d, days: 30, tolerance_days: 3}",
        "{name: 30d, days: 30, tolerance_days: 2}",
    ),
    Mutation(
        "a baseline eight days before the period",
        "dbt_project.yml",
        "period_baseline_reach_days: 7",
        "period_baseline_reach_days: 8",
    ),
    Mutation(
        "a percentage of more than a hundred only",
        "models/marts/core/fct_follower_growth_daily.sql",
        ">= {{ var('percent_baseline_minimum') }}",
        "> {{ var('percent_baseline_minimum') }}",
    ),
    Mutation(
        "a percentage of ninety-nine",
        "dbt_project.yml",
        "percent_baseline_minimum: 100",
        "percent_baseline_minimum: 90",
    ),
    Mutation(
        "rounding that takes a whole step",
        "macros/growth.sql",
        "{{ n2 }} - {{ n1 }} + {{ s2 }} - 1",
        "{{ n2 }} - {{ n1 }} + {{ s2 }}",
    ),
    Mutation(
        "an exact zero is not measurable",
        "macros/growth.sql",
        "{{ low }} < {{ high }} and ",
        "",
    ),
    Mutation(
        "a hidden count is passed over",
        "models/intermediate/accounts/int_accounts__daily_status.sql",
        "        max(captures.day_no) over (",
        "        max(case when captures.followers_state = 'reported' then captures.day_no end) over (",
    ),
    Mutation(
        "what failed is left out like what is hidden",
        "models/marts/performance/fct_center_daily.sql",
        "            when totals.accounts_failed > 0 then 'capture_failed'\n",
        "",
    ),
    Mutation(
        "a center stands above itself",
        "models/marts/performance/leaderboard_followers.sql",
        "- case when max(value) > min(value) then 1 else 0 end as worst_rank",
        "as worst_rank",
    ),
    Mutation(
        "the upper ends alone rank",
        "models/marts/performance/leaderboard_followers.sql",
        "max(case when is_upper = 1 then lower_ends_above end)",
        "max(case when is_upper = 1 then upper_ends_above end)",
    ),
    Mutation(
        "an incomplete center has a rank",
        "models/marts/performance/leaderboard_followers.sql",
        "    select\n        center_code,\n        date_day,\n        followers_count_high as value,\n"
        "        0 as is_lower,\n        1 as is_upper\n    from centers\n    where is_complete\n",
        "    select\n        center_code,\n        date_day,\n        coalesce(followers_count_high, 0) as value,\n"
        "        0 as is_lower,\n        1 as is_upper\n    from centers\n",
    ),
    Mutation(
        "equal instants do not share the place",
        "models/marts/performance/leaderboard_recency.sql",
        "rank() over (",
        "row_number() over (",
    ),
    Mutation(
        "a shared place takes none from those behind",
        "models/marts/performance/leaderboard_recency.sql",
        "                    rank() over (",
        "                    dense_rank() over (",
    ),
    Mutation(
        "a look the day before is a look",
        "models/intermediate/accounts/int_accounts__daily_outcomes.sql",
        "coalesce(per_day.is_observed, false) as is_observed",
        "coalesce(per_day.is_observed, lag(per_day.is_observed) over (partition by spine.account_code"
        " order by spine.date_day), false) as is_observed",
    ),
    Mutation(
        "one look is enough for a center",
        "models/marts/performance/fct_center_daily.sql",
        "joined.accounts_expected > 0 and joined.accounts_not_observed = 0",
        "joined.accounts_expected > joined.accounts_not_observed",
    ),
    Mutation(
        "an account in doubt is in a center's growth",
        "models/marts/performance/fct_center_daily.sql",
        "sum(daily.change_{{ window }}_low) filter (where suspensions.account_code is null)",
        "sum(daily.change_{{ window }}_low)",
    ),
    Mutation(
        "confirmed in time to come",
        "models/intermediate/accounts/int_accounts__daily_suspensions.sql",
        "on doubted.account_code = confirmations.account_code and doubted.date_day >= confirmations.as_of_date",
        "on doubted.account_code = confirmations.account_code",
    ),
    Mutation(
        "an account that was not attempted today is missed",
        "models/intermediate/accounts/int_accounts__daily_outcomes.sql",
        "            when spine.date_day = {{ through_date() }} then 'not_attempted'  -- a retry run may follow\n",
        "",
    ),
    Mutation(
        "simulated for a day only",
        "models/intermediate/accounts/int_accounts__daily_outcomes.sql",
        "spine.date_day >= first_simulated.as_of_date",
        "spine.date_day = first_simulated.as_of_date",
    ),
    Mutation(
        "the last day of a registry row is none of it",
        "macros/time.sql",
        "{{ row }}.valid_to >= {{ day }}",
        "{{ row }}.valid_to > {{ day }}",
    ),
    Mutation(
        "a placeholder is expected",
        "models/intermediate/accounts/int_accounts__daily_spine.sql",
        "on accounts.status = statuses.status and statuses.is_expected",
        "on accounts.status = statuses.status",
    ),
    Mutation(
        "a hand entry beside the API's reading",
        "models/intermediate/accounts/int_manual_entries__accepted.sql",
        "where captured.account_code is null",
        "where true",
    ),
    Mutation(
        "the first version of an entry stands",
        "models/staging/social/stg_social__manual_entries.sql",
        "order by entries.version desc",
        "order by entries.version",
    ),
    Mutation(
        "expired counts are still there",
        "models/staging/social/stg_social__profile_snapshots.sql",
        "coalesce(expires_at <= {{ retention_as_of() }}, false) as is_expired",
        "false as is_expired",
    ),
    Mutation(
        "unknown interactions are none",
        "models/marts/core/fct_posts.sql",
        "when coalesce(observed.like_count, observed.comment_count, observed.share_count) is not null",
        "when true",
    ),
    Mutation(
        "a deletion takes the counts with it",
        "models/marts/core/fct_posts.sql",
        "order by case presence when 'seen' then 1 else 0 end desc, captured_at desc",
        "order by captured_at desc",
    ),
    Mutation(
        "a month's growth of what one end hides",
        "models/intermediate/centers/int_centers__monthly_followers.sql",
        "        and before_status = 'reported'\n",
        "",
    ),
]

# What the histories hardly ever hold, the unit tests do.
