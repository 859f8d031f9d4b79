{{ config(materialized='incremental', meta={'reopened_by': 'post'}) }}
-- Grain: post.
with observed as (

    select
        *,
        min(captured_at) over of_post as first_seen_at,
        min(as_of_date) over of_post as first_seen_date,
        max(captured_at) over of_post as last_seen_at,
        -- 'simulator' > 'manual' > 'api': of several sources the least real one is told.
        max(source) over of_post as least_real_source,
        first_value(presence) over (
            partition by account_code, post_id
            order by captured_at desc, response_id desc
        ) as last_presence,
        -- What the post was like comes from its last sighting; an absence says only that it is gone.
        row_number() over (
            partition by account_code, post_id
            order by case presence when 'seen' then 1 else 0 end desc, captured_at desc, response_id desc
        ) as place
    from {{ reopened_rows('post', ref('stg_social__posts')) }} as observations
    where as_of_date <= {{ through_date() }}
    window of_post as (partition by account_code, post_id)

),

accounts as (

    select distinct
        account_code,
        center_code,
        platform
    from {{ ref('stg_registry__center_accounts') }}

),

centers as (

    -- A center that was renamed keeps its place; of its rows the last one tells the zone.
    select
        center_code,
        time_zone,
        row_number() over (partition by center_code order by valid_from desc nulls last) as place
    from {{ ref('stg_registry__centers') }}

)

select
    accounts.account_code,
    accounts.center_code,
    accounts.platform,
    observed.post_id,
    observed.published_at,
    observed.published_date,
    observed.published_at at time zone centers.time_zone as published_at_local,
    observed.url,
    observed.post_type,
    observed.like_count,
    observed.comment_count,
    observed.share_count,
    observed.view_count,
    case
        when coalesce(observed.like_count, observed.comment_count, observed.share_count) is not null
            then
                coalesce(observed.like_count, 0)
                + coalesce(observed.comment_count, 0)
                + coalesce(observed.share_count, 0)
    end as interactions,
    observed.are_counts_expired,
    observed.caption_length,
    observed.last_presence as presence,
    observed.first_seen_at,
    observed.last_seen_at,
    greatest(observed.first_seen_date - observed.published_date, 0) as discovered_late_days,
    observed.least_real_source as source
from observed
inner join accounts on observed.account_code = accounts.account_code
inner join centers on accounts.center_code = centers.center_code and centers.place = 1
where observed.place = 1
