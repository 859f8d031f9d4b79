{{ config(indexes=[{'columns': ['date_day']}]) }}
-- Grain: account × WIB date on which it is expected: the newest post as known on that day beside what is known now.
with posts as (

    -- What still stands: its last observation saw it.
    select
        account_code,
        published_date,
        max(published_at) as published_at,
        count(*) as posts
    from {{ ref('int_posts__known_periods') }}
    where counted_until is null
    group by account_code, published_date

),

standing as (

    select
        account_code,
        published_date,
        published_at,
        lead(published_date) over (partition by account_code order by published_date) as superseded_on
    from posts

),

looks as (

    select
        account_code,
        max(date_day) as last_look_date
    from {{ ref('int_accounts__daily_outcomes') }}
    where is_looked_at
    group by account_code

),

centers as (

    select
        spine.center_code,
        spine.date_day,
        spine.time_zone,
        zones.time_zone_label
    from {{ ref('int_centers__daily_spine') }} as spine
    left join {{ ref('time_zones') }} as zones on spine.time_zone = zones.time_zone

),

joined as (

    select
        known.account_code,
        known.center_code,
        known.platform,
        known.date_day,
        known.last_post_at,
        known.recency_band,
        standing.published_at as last_post_at_as_now_known,
        {{ days_from('standing.published_date', 'known.date_day') }} as days_since_last_post_as_now_known,
        -- A later look also sees what was published by this day.
        coalesce(looks.last_look_date >= known.date_day, false) as is_looked_at_since,
        coalesce(posts.posts, 0) as posts_1d_as_now_known,
        known.posts_1d,
        centers.time_zone,
        centers.time_zone_label,
        known.source
    from {{ ref('fct_posting_recency_daily') }} as known
    left join standing
        on
            known.account_code = standing.account_code
            and known.date_day >= standing.published_date
            and (standing.superseded_on is null or known.date_day < standing.superseded_on)
    left join posts on known.account_code = posts.account_code and known.date_day = posts.published_date
    left join looks on known.account_code = looks.account_code
    left join centers on known.center_code = centers.center_code and known.date_day = centers.date_day

)

select
    joined.account_code,
    joined.center_code,
    joined.platform,
    joined.date_day,
    joined.last_post_at,
    {{ local_time('joined.last_post_at', 'joined.time_zone') }} as last_post_at_local,
    joined.time_zone_label,
    joined.recency_band,
    joined.posts_1d,
    joined.last_post_at_as_now_known,
    {{ local_time('joined.last_post_at_as_now_known', 'joined.time_zone') }} as last_post_at_local_as_now_known,
    joined.days_since_last_post_as_now_known,
    {{ recency_band('joined.last_post_at_as_now_known', 'bands', 'joined.is_looked_at_since') }}
        as recency_band_as_now_known,
    cast(joined.posts_1d_as_now_known as integer) as posts_1d_as_now_known,
    coalesce(
        joined.last_post_at <> joined.last_post_at_as_now_known,
        (joined.last_post_at is null) <> (joined.last_post_at_as_now_known is null)
    ) as is_revised,
    joined.source
from joined
left join {{ ref('recency_bands') }} as bands
    on {{ in_recency_band('joined.days_since_last_post_as_now_known', 'bands') }}
