{{ config(
    materialized='incremental',
    meta={'rebuilt_by': 'center', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['center_code', 'month_start']}]
) }}
-- Grain: center × month: its posts, its longest silence, and the interactions of its posts.
with months as (

    select months.*
    from {{ ref('int_centers__months') }} as months
    {{ join_to_rebuild('center', 'months.center_code', 'months.month_start', unit='month') }}

),

posts as (

    select posts.*
    from {{ ref('int_posts__monthly') }} as posts
    inner join months on posts.center_code = months.center_code and posts.month_start = months.month_start
    where true {{ and_since_rebuild_start('center', 'posts.month_start', unit='month') }}

),

published as (

    select
        center_code,
        month_start,
        count(*) as posts,
        count(distinct platform) as platforms_posted,
        sum(interactions) as interactions,
        count(interactions) as posts_with_interactions
    from posts
    group by center_code, month_start

),

marks as (

    -- The days with a post, between the day before the month's first and the day after its last.
    select
        posts.center_code,
        posts.month_start,
        posts.published_date as date_day
    from posts
    inner join months
        on
            posts.center_code = months.center_code
            and posts.month_start = months.month_start
            and posts.published_date >= months.first_date
    union all
    select
        center_code,
        month_start,
        first_date - 1 as date_day
    from months
    union all
    select
        center_code,
        month_start,
        known_on_date + 1 as date_day
    from months

),

gaps as (

    select
        center_code,
        month_start,
        {{ days_from('lag(date_day) over (partition by center_code, month_start order by date_day)', 'date_day') }} - 1
            as silent_days
    from marks

),

silences as (

    select
        center_code,
        month_start,
        max(silent_days) as longest_silence_days
    from gaps
    group by center_code, month_start

),

observed as (

    -- Posts of an account whose identity is in doubt do not count, and the account counts as not observed.
    select
        months.center_code,
        months.month_start,
        count(outcomes.account_code) as accounts_expected,
        count(*) filter (where not outcomes.is_observed or accounts.is_in_doubt) as accounts_not_observed
    from months
    left join {{ ref('int_accounts__daily_outcomes') }} as outcomes
        on months.center_code = outcomes.center_code and months.known_on_date = outcomes.date_day
    {{ and_since_rebuild_start('center', 'outcomes.date_day', unit='month') }}
    left join {{ ref('int_accounts__months') }} as accounts
        on
            outcomes.account_code = accounts.account_code
            and outcomes.center_code = accounts.center_code
            and outcomes.date_day = accounts.last_date
    group by months.center_code, months.month_start

),

per_account as (

    select
        account_code,
        center_code,
        month_start,
        count(*) as posts,
        sum(interactions) as interactions
    from posts
    group by account_code, center_code, month_start

),

engagement as (

    -- Interactions and followers of the same accounts: if either is hidden, the account is left out of both.
    select
        ends.center_code,
        ends.month_start,
        sum(coalesce(per_account.interactions, 0)) as engagement_interactions,
        sum(ends.followers_count) as engagement_followers
    from months
    inner join {{ ref('int_accounts__month_ends') }} as ends
        on months.center_code = ends.center_code and months.month_start = ends.month_start
    left join per_account
        on
            ends.account_code = per_account.account_code
            and ends.center_code = per_account.center_code
            and ends.month_start = per_account.month_start
    where
        ends.end_status = 'reported'
        and (per_account.posts is null or per_account.interactions is not null)
    group by ends.center_code, ends.month_start

)

select
    months.center_code,
    months.month_start,
    cast(coalesce(published.posts, 0) as integer) as posts,
    cast(coalesce(published.platforms_posted, 0) as integer) as platforms_posted,
    -- Silence means that no post was found: it needs an observation of every account when the month ends.
    case
        when observed.accounts_expected > 0 and observed.accounts_not_observed = 0 then silences.longest_silence_days
    end as longest_silence_days,
    case
        when observed.accounts_expected = 0 then 'no_verified_account'
        when observed.accounts_not_observed > 0 then 'not_observed'
    end as longest_silence_null_reason,
    cast(observed.accounts_not_observed as integer) as accounts_not_observed,
    cast(published.interactions as bigint) as interactions,
    cast(coalesce(published.posts_with_interactions, 0) as integer) as posts_with_interactions,
    case
        when published.interactions is not null and engagement.engagement_followers > 0
            then round(100.0 * engagement.engagement_interactions / engagement.engagement_followers, 4)
    end as engagement_rate_pct
from months
inner join silences on months.center_code = silences.center_code and months.month_start = silences.month_start
inner join observed on months.center_code = observed.center_code and months.month_start = observed.month_start
left join published on months.center_code = published.center_code and months.month_start = published.month_start
left join engagement on months.center_code = engagement.center_code and months.month_start = engagement.month_start
