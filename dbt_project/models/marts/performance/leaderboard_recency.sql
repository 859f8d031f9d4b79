{{ config(materialized='incremental', meta={'rebuilt_by': 'date'}, indexes=[{'columns': ['date_day']}]) }}
-- Grain: WIB date × scope × center.
with recencies as (

    select
        date_day,
        'any_post' as scope,
        center_code,
        last_post_at,
        last_post_platform,
        last_post_url,
        days_since_last_post,
        recency_band,
        platforms_updated,
        accounts_expected,
        accounts_not_observed,
        false as has_unread_since,
        source
    from {{ rows_to_rebuild('date', ref('fct_center_daily')) }} as daily
    union all
    select
        scoped.date_day,
        scoped.scope,
        scoped.center_code,
        scoped.last_post_at,
        scoped.last_post_platform,
        scoped.last_post_url,
        scoped.days_since_last_post,
        scoped.recency_band,
        scoped.platforms_updated,
        scoped.accounts_expected,
        scoped.accounts_not_observed,
        scoped.has_unread_since,
        daily.source
    from {{ rows_to_rebuild('date', ref('int_centers__daily_recency_by_scope')) }} as scoped
    inner join {{ ref('fct_center_daily') }} as daily
        on scoped.center_code = daily.center_code and scoped.date_day = daily.date_day
    {{ and_since_rebuild_start('center', 'daily.date_day') }}

),

centers as (

    select
        recencies.*,
        spine.center_name,
        spine.time_zone,
        zones.time_zone_label,
        -- Equal instants share the rank; without an instant there is no rank.
        case
            when recencies.last_post_at is not null
                then
                    rank() over (
                        partition by recencies.date_day, recencies.scope
                        order by recencies.last_post_at desc nulls last
                    )
        end as place
    from recencies
    inner join {{ ref('int_centers__daily_spine') }} as spine
        on recencies.center_code = spine.center_code and recencies.date_day = spine.date_day
    {{ and_since_rebuild_start('center', 'spine.date_day') }}
    left join {{ ref('time_zones') }} as zones on spine.time_zone = zones.time_zone

)

select
    date_day,
    scope,
    center_code,
    center_name,
    time_zone,
    time_zone_label,
    last_post_at,
    -- For display to the center; days and ranks use WIB everywhere.
    {{ local_time('last_post_at', 'time_zone') }} as last_post_at_local,
    last_post_platform,
    last_post_url,
    days_since_last_post,
    recency_band,
    platforms_updated,
    cast(place as integer) as best_rank,
    cast(place as integer) as worst_rank,
    cast(row_number() over (
        partition by date_day, scope
        order by last_post_at desc nulls last, {{ bytewise("center_code") }}
    ) as integer) as display_order,
    last_post_at is not null as is_ranked,
    case
        when last_post_at is not null then null
        when accounts_expected = 0 then 'no_verified_account'
        when recency_band = 'never' then 'never_posted'
        when accounts_not_observed > 0 or not has_unread_since then 'not_observed'
        else 'posts_not_read'
    end as unranked_reason,
    accounts_not_observed,
    case
        when accounts_expected > 0
            then round(1.0 * (accounts_expected - accounts_not_observed) / accounts_expected, 4)
    end as completeness,
    source
from centers
