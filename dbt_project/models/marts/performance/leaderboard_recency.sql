-- Grain: WIB date × basis × center.
with centers as (

    select
        daily.*,
        spine.center_name,
        spine.time_zone,
        -- Equal instants share the place; without an instant there is none.
        case
            when daily.last_post_at is not null
                then rank() over (partition by daily.date_day order by daily.last_post_at desc nulls last)
        end as place
    from {{ ref('fct_center_daily') }} as daily
    inner join {{ ref('int_centers__daily_spine') }} as spine
        on daily.center_code = spine.center_code and daily.date_day = spine.date_day

)

select
    date_day,
    'any_post' as basis,
    center_code,
    center_name,
    time_zone,
    last_post_at,
    last_post_platform,
    last_post_url,
    days_since_last_post,
    recency_band,
    platforms_updated,
    cast(place as integer) as best_rank,
    cast(place as integer) as worst_rank,
    cast(row_number() over (
        partition by date_day
        order by last_post_at desc nulls last, {{ bytewise("center_code") }}
    ) as integer) as display_order,
    last_post_at is not null as is_ranked,
    case
        when last_post_at is not null then null
        when accounts_expected = 0 then 'no_verified_account'
        when recency_band = 'never' then 'never_posted'
        else 'not_looked_at'
    end as unranked_reason,
    accounts_not_looked_at,
    case
        when accounts_expected > 0
            then round(1.0 * (accounts_expected - accounts_not_looked_at) / accounts_expected, 4)
    end as completeness,
    source
from centers
