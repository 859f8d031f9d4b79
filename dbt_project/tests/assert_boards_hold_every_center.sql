-- Every center is on every board: without a number or a post it is unranked, with its reason.
with boards as (

    select
        date_day,
        scope,
        center_code,
        is_ranked,
        unranked_reason
    from {{ ref('leaderboard_followers') }}
    union all
    select
        date_day,
        scope,
        center_code,
        is_ranked,
        unranked_reason
    from {{ ref('leaderboard_recency') }}

),

counted as (

    select
        date_day,
        center_code,
        -- Programmes begin and end; these three boards always exist.
        count(*) filter (where scope in ('all_platforms', 'any_post', 'outreach_post')) as board_count,
        count(*) filter (where is_ranked = (unranked_reason is not null)) as contradictions
    from boards
    group by date_day, center_code

)

select
    centers.date_day,
    centers.center_code
from {{ ref('int_centers__daily_spine') }} as centers
left join counted on centers.date_day = counted.date_day and centers.center_code = counted.center_code
where coalesce(counted.board_count, 0) <> 3 or counted.contradictions > 0
