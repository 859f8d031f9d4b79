{{ config(materialized='incremental', meta={'rebuilt_by': 'date'}, indexes=[{'columns': ['date_day']}]) }}
-- Grain: WIB date × scope × center.
with centers as (

    select
        daily.*,
        spine.center_name
    from {{ rows_to_rebuild('date', ref('fct_center_daily')) }} as daily
    inner join {{ ref('int_centers__daily_spine') }} as spine
        on daily.center_code = spine.center_code and daily.date_day = spine.date_day
    {{ and_since_rebuild_start('center', 'spine.date_day') }}

),

ends as (

    select
        center_code,
        date_day,
        followers_count as value,
        1 as is_lower,
        0 as is_upper
    from centers
    where is_complete
    union all
    select
        center_code,
        date_day,
        followers_count_high as value,
        0 as is_lower,
        1 as is_upper
    from centers
    where is_complete

),

counted as (

    -- The number of interval ends above each end: one sort a day instead of a join of all pairs of centers.
    select
        *,
        coalesce(sum(is_lower) over above, 0) as lower_ends_above,
        coalesce(sum(is_upper) over above, 0) as upper_ends_above
    from ends
    window above as (
        partition by date_day
        order by value desc
        range between unbounded preceding and 1 preceding
    )

),

ranks as (

    select
        center_code,
        date_day,
        1 + max(case when is_upper = 1 then lower_ends_above end) as best_rank,
        1 + max(case when is_lower = 1 then upper_ends_above end)
        -- a center is not above itself, though its own upper end may be
        - case when max(value) > min(value) then 1 else 0 end as worst_rank
    from counted
    group by center_code, date_day

)

select
    centers.date_day,
    'all_platforms' as scope,
    centers.center_code,
    centers.center_name,
    centers.followers_count,
    centers.followers_count_high,
    cast(ranks.best_rank as integer) as best_rank,
    cast(ranks.worst_rank as integer) as worst_rank,
    cast(row_number() over (
        partition by centers.date_day
        order by centers.followers_count desc nulls last, {{ bytewise("centers.center_code") }}
    ) as integer) as display_order,
    centers.is_complete as is_ranked,
    centers.incomplete_reason as unranked_reason,
    centers.accounts_expected,
    centers.accounts_captured,
    centers.accounts_carried,
    centers.accounts_hidden,
    case when centers.accounts_expected > 0 then round(1.0 * centers.accounts_read / centers.accounts_expected, 4) end
        as completeness,
    centers.change_7d,
    centers.change_7d_is_measurable,
    centers.change_30d,
    centers.newest_capture_at,
    centers.source
from centers
left join ranks on centers.center_code = ranks.center_code and centers.date_day = ranks.date_day
