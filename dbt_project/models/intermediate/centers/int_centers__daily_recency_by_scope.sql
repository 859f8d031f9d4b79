{{ config(
    materialized='incremental', meta={'rebuilt_by': 'center'},
    indexes=[{'columns': ['center_code', 'date_day']}, {'columns': ['date_day']}]
) }}
-- Grain: center × WIB date × scope: outreach posts, and posts of each programme that runs on the date.
with scopes as (

    select
        days.date_day,
        'outreach_post' as scope,
        'unread:outreach' as unread_scope
    from {{ ref('int_dates__reporting') }} as days
    union all
    select
        days.date_day,
        'program:' || programs.program as scope,
        'unread:program' as unread_scope
    from {{ ref('int_dates__reporting') }} as days
    inner join {{ ref('programs') }} as programs on {{ is_valid_on('programs', 'days.date_day') }}

),

observed as (

    -- Posts of an account whose identity is in doubt do not count, and the account counts as not observed.
    select
        outcomes.center_code,
        outcomes.date_day,
        count(*) as accounts_expected,
        count(*) filter (where not outcomes.is_observed or suspensions.account_code is not null)
            as accounts_not_observed
    from {{ rows_to_rebuild('center', ref('int_accounts__daily_outcomes')) }} as outcomes
    left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
        on outcomes.account_code = suspensions.account_code and outcomes.date_day = suspensions.date_day
    {{ and_since_rebuild_start('center', 'suspensions.date_day') }}
    group by outcomes.center_code, outcomes.date_day

),

moved as (

    select distinct account_code
    from {{ ref('stg_registry__center_accounts') }}
    where has_moved

),

own_posts as (

    -- Posts belong to the center that owned the account when they were published.
    select
        spine.center_code,
        spine.platform,
        recency.account_code,
        recency.date_day,
        recency.scope,
        recency.last_post_at,
        recency.last_post_url,
        recency.days_since_last_post
    from {{ ref('int_accounts__daily_recency_by_scope') }} as recency
    inner join {{ rows_to_rebuild('center', ref('int_accounts__daily_spine')) }} as spine
        on recency.account_code = spine.account_code and recency.date_day = spine.date_day
    {{ and_since_rebuild_start('center', 'recency.date_day') }}
    left join moved on recency.account_code = moved.account_code
    where moved.account_code is null
    union all
    select
        center_code,
        platform,
        account_code,
        date_day,
        scope,
        last_post_at,
        last_post_url,
        days_since_last_post
    from {{ rows_to_rebuild('center', ref('int_accounts__daily_posts_by_center')) }} as posts
    where scope <> 'any_post'

),

posting as (

    select
        own_posts.*,
        row_number() over (
            partition by own_posts.center_code, own_posts.date_day, own_posts.scope
            order by own_posts.last_post_at desc, {{ bytewise("own_posts.account_code") }}
        ) as place,
        min(own_posts.days_since_last_post) over (
            partition by own_posts.center_code, own_posts.date_day, own_posts.scope
        ) as center_days_since
    from own_posts
    left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
        on own_posts.account_code = suspensions.account_code and own_posts.date_day = suspensions.date_day
    {{ and_since_rebuild_start('center', 'suspensions.date_day') }}
    where suspensions.account_code is null

),

per_scope as (

    select
        center_code,
        date_day,
        scope,
        max(last_post_at) as last_post_at,
        max(case when place = 1 then platform end) as last_post_platform,
        max(case when place = 1 then last_post_url end) as last_post_url,
        min(days_since_last_post) as days_since_last_post,
        count(distinct platform) filter (where days_since_last_post = center_days_since) as platforms_updated
    from posting
    group by center_code, date_day, scope

),

joined as (

    select
        centers.center_code,
        centers.date_day,
        scopes.scope,
        recency.last_post_at,
        recency.last_post_platform,
        recency.last_post_url,
        recency.days_since_last_post,
        coalesce(recency.platforms_updated, 0) as platforms_updated,
        coalesce(observed.accounts_expected, 0) as accounts_expected,
        coalesce(observed.accounts_not_observed, 0) as accounts_not_observed,
        -- A newer post with an unread caption may belong to the scope.
        case
            when recency.last_post_at is null then unread.last_post_at is not null
            else coalesce(unread.last_post_at > recency.last_post_at, false)
        end as has_unread_since
    from {{ rows_to_rebuild('center', ref('int_centers__daily_spine')) }} as centers
    inner join scopes on centers.date_day = scopes.date_day
    left join per_scope as recency
        on
            centers.center_code = recency.center_code
            and centers.date_day = recency.date_day
            and scopes.scope = recency.scope
    left join per_scope as unread
        on
            centers.center_code = unread.center_code
            and centers.date_day = unread.date_day
            and scopes.unread_scope = unread.scope
    left join observed on centers.center_code = observed.center_code and centers.date_day = observed.date_day

)

select
    joined.center_code,
    joined.date_day,
    joined.scope,
    joined.last_post_at,
    joined.last_post_platform,
    joined.last_post_url,
    joined.days_since_last_post,
    cast(joined.platforms_updated as integer) as platforms_updated,
    cast(joined.accounts_expected as integer) as accounts_expected,
    cast(joined.accounts_not_observed as integer) as accounts_not_observed,
    joined.has_unread_since,
    {{ recency_band(
        'joined.last_post_at', 'bands',
        '(joined.accounts_expected > 0 and joined.accounts_not_observed = 0 and not joined.has_unread_since)'
    ) }} as recency_band
from joined
left join {{ ref('recency_bands') }} as bands on {{ in_recency_band('joined.days_since_last_post', 'bands') }}
