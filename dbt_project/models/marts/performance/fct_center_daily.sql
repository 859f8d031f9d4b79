{{ config(
    materialized='incremental', meta={'rebuilt_by': 'center'}, indexes=[{'columns': ['date_day']}]
) }}
-- Grain: center × WIB date.
{% set windows = var('growth_windows') | map(attribute='name') | list %}

with totals as (

    select
        center_code,
        date_day,
        count(*) as accounts_expected,
        count(*) filter (where is_read) as accounts_read,
        count(*) filter (where status = 'captured') as accounts_captured,
        count(*) filter (where status = 'carried') as accounts_carried,
        count(*) filter (where status = 'hidden') as accounts_hidden,
        count(*) filter (where status = 'failed') as accounts_failed,
        count(*) filter (where status = 'suspended') as accounts_suspended,
        count(*) filter (where is_manual and status in ('captured', 'carried')) as accounts_manual,
        sum(followers_count) as followers_count,
        sum(followers_count_high) as followers_count_high,
        min(capture_date) filter (where followers_count is not null) as oldest_capture_date,
        max(captured_at) filter (where followers_count is not null) as newest_capture_at
    from {{ rows_to_rebuild('center', ref('int_accounts__daily_status')) }} as statuses
    group by center_code, date_day

),

growth as (

    -- Only accounts read at both ends of a window; a carried count is no end.
    select
        daily.center_code,
        daily.date_day,
        {% for window in windows %}
        sum(daily.change_{{ window }}) filter (where suspensions.account_code is null) as change_{{ window }},
        sum(daily.change_{{ window }}_low) filter (where suspensions.account_code is null) as change_{{ window }}_low,
        sum(daily.change_{{ window }}_high) filter (where suspensions.account_code is null) as change_{{ window }}_high,
        count(daily.change_{{ window }}) filter (where suspensions.account_code is null)
            as change_{{ window }}_accounts,
        {% endfor %}
        max(daily.source) as source
    from {{ rows_to_rebuild('center', ref('fct_follower_growth_daily')) }} as daily
    left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
        on daily.account_code = suspensions.account_code and daily.date_day = suspensions.date_day
    {{ and_since_rebuild_start('center', 'suspensions.date_day') }}
    group by daily.center_code, daily.date_day

),

absences as (

    select
        center_code,
        date_day,
        count(*) filter (where outcome <> 'not_yet_verified') as accounts_missing,
        count(*) filter (where outcome = 'not_yet_verified') as accounts_not_verified
    from {{ rows_to_rebuild('center', ref('fct_capture_completeness')) }} as completeness
    where not is_expected
    group by center_code, date_day

),

moved as (

    select distinct account_code
    from {{ ref('stg_registry__center_accounts') }}
    where has_moved

),

observed as (

    -- An account whose identity is in doubt counts as not observed.
    select
        daily.*,
        moved.account_code is not null as has_moved,
        suspensions.account_code is not null as is_in_doubt
    from {{ rows_to_rebuild('center', ref('fct_posting_recency_daily')) }} as daily
    left join moved on daily.account_code = moved.account_code
    left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
        on daily.account_code = suspensions.account_code and daily.date_day = suspensions.date_day
    {{ and_since_rebuild_start('center', 'suspensions.date_day') }}

),

own_posts as (

    -- A center's own posts: those that its accounts published while they were its accounts.
    select
        center_code,
        platform,
        account_code,
        date_day,
        last_post_at,
        last_post_url,
        days_since_last_post,
        posts_7d,
        posts_30d
    from observed
    where not has_moved and not is_in_doubt
    union all
    select
        posts.center_code,
        posts.platform,
        posts.account_code,
        posts.date_day,
        posts.last_post_at,
        posts.last_post_url,
        posts.days_since_last_post,
        posts.posts_7d,
        posts.posts_30d
    from {{ rows_to_rebuild('center', ref('int_accounts__daily_posts_by_center')) }} as posts
    left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
        on posts.account_code = suspensions.account_code and posts.date_day = suspensions.date_day
    {{ and_since_rebuild_start('center', 'suspensions.date_day') }}
    where posts.scope = 'any_post' and suspensions.account_code is null

),

posting as (

    select
        *,
        row_number() over (
            partition by center_code, date_day
            order by last_post_at desc nulls last, {{ bytewise("account_code") }}
        ) as place,
        min(days_since_last_post) over (partition by center_code, date_day) as center_days_since
    from own_posts

),

observations as (

    select
        center_code,
        date_day,
        count(*) filter (where is_in_doubt or not is_observed) as accounts_not_observed
    from observed
    group by center_code, date_day

),

recency as (

    select
        center_code,
        date_day,
        max(last_post_at) as last_post_at,
        max(case when place = 1 and last_post_at is not null then account_code end) as last_post_account_code,
        max(case when place = 1 then platform end) filter (where last_post_at is not null) as last_post_platform,
        max(case when place = 1 then last_post_url end) as last_post_url,
        min(center_days_since) as days_since_last_post,
        count(distinct platform) filter (where days_since_last_post = center_days_since) as platforms_updated,
        sum(posts_7d) as posts_7d,
        sum(posts_30d) as posts_30d
    from posting
    group by center_code, date_day

),

joined as (

    select
        centers.center_code,
        centers.date_day,
        cast(coalesce(totals.accounts_expected, 0) as integer) as accounts_expected,
        cast(coalesce(totals.accounts_read, 0) as integer) as accounts_read,
        cast(coalesce(totals.accounts_captured, 0) as integer) as accounts_captured,
        cast(coalesce(totals.accounts_carried, 0) as integer) as accounts_carried,
        cast(coalesce(totals.accounts_hidden, 0) as integer) as accounts_hidden,
        cast(coalesce(totals.accounts_failed, 0) as integer) as accounts_failed,
        cast(coalesce(totals.accounts_suspended, 0) as integer) as accounts_suspended,
        cast(coalesce(totals.accounts_manual, 0) as integer) as accounts_manual,
        cast(coalesce(absences.accounts_missing, 0) as integer) as accounts_missing,
        cast(coalesce(absences.accounts_not_verified, 0) as integer) as accounts_not_verified,
        cast(coalesce(observations.accounts_not_observed, 0) as integer) as accounts_not_observed,
        totals.followers_count,
        totals.followers_count_high,
        totals.oldest_capture_date,
        totals.newest_capture_at,
        case
            when totals.accounts_expected is null then 'no_verified_account'
            when totals.accounts_failed > 0 then 'capture_failed'
            when totals.accounts_suspended = totals.accounts_expected then 'all_suspended'
            when totals.followers_count is null then 'all_hidden'
        end as incomplete_reason,
        {% for window in windows %}
        growth.change_{{ window }},
        growth.change_{{ window }}_low,
        growth.change_{{ window }}_high,
        coalesce(growth.change_{{ window }}_accounts, 0) as change_{{ window }}_accounts,
        {% endfor %}
        recency.last_post_at,
        recency.last_post_account_code,
        recency.last_post_platform,
        recency.last_post_url,
        recency.days_since_last_post,
        coalesce(recency.platforms_updated, 0) as platforms_updated,
        coalesce(recency.posts_7d, 0) as posts_7d,
        coalesce(recency.posts_30d, 0) as posts_30d,
        growth.source
    from {{ rows_to_rebuild('center', ref('int_centers__daily_spine')) }} as centers
    left join totals on centers.center_code = totals.center_code and centers.date_day = totals.date_day
    left join growth on centers.center_code = growth.center_code and centers.date_day = growth.date_day
    left join absences on centers.center_code = absences.center_code and centers.date_day = absences.date_day
    left join recency on centers.center_code = recency.center_code and centers.date_day = recency.date_day
    left join observations
        on centers.center_code = observations.center_code and centers.date_day = observations.date_day

)

select
    joined.center_code,
    joined.date_day,
    joined.accounts_expected,
    joined.accounts_read,
    joined.accounts_captured,
    joined.accounts_carried,
    joined.accounts_hidden,
    joined.accounts_failed,
    joined.accounts_suspended,
    joined.accounts_manual,
    joined.accounts_missing,
    joined.accounts_not_verified,
    cast(case when joined.incomplete_reason is null then joined.followers_count end as bigint) as followers_count,
    cast(case when joined.incomplete_reason is null then joined.followers_count_high end as bigint)
        as followers_count_high,
    joined.incomplete_reason is null as is_complete,
    joined.incomplete_reason,
    joined.oldest_capture_date,
    joined.newest_capture_at,
    {% for window in windows %}
    cast(joined.change_{{ window }} as bigint) as change_{{ window }},
    cast(joined.change_{{ window }}_low as bigint) as change_{{ window }}_low,
    cast(joined.change_{{ window }}_high as bigint) as change_{{ window }}_high,
    case
        when joined.change_{{ window }} is not null
            then {{ is_measurable('joined.change_' ~ window ~ '_low', 'joined.change_' ~ window ~ '_high') }}
    end as change_{{ window }}_is_measurable,
    cast(joined.change_{{ window }}_accounts as integer) as change_{{ window }}_accounts,
    {% endfor %}
    joined.last_post_at,
    joined.last_post_account_code,
    joined.last_post_platform,
    joined.last_post_url,
    joined.days_since_last_post,
    cast(joined.platforms_updated as integer) as platforms_updated,
    {{ recency_band(
        'joined.last_post_at', 'bands', '(joined.accounts_expected > 0 and joined.accounts_not_observed = 0)'
    ) }} as recency_band,
    joined.accounts_not_observed,
    cast(joined.posts_7d as integer) as posts_7d,
    cast(joined.posts_30d as integer) as posts_30d,
    joined.source
from joined
left join {{ ref('recency_bands') }} as bands on {{ in_recency_band('joined.days_since_last_post', 'bands') }}
