-- Grain: post × response in which its content, counts or presence changed.
with source as (

    select * from {{ source('raw', 'posts') }}

),

retained as (

    -- Expired counts become NULL, the observation stays: the presence of a post is no statistic.
    select *, coalesce(expires_at <= {{ retention_as_of() }}, false) as is_expired from source

)

select
    account_code,
    platform,
    post_id,
    response_id,
    run_id,
    url,
    post_type,
    content_hash,
    caption_length,
    case when not is_expired then like_count end as like_count,
    case when not is_expired then comment_count end as comment_count,
    case when not is_expired then share_count end as share_count,
    case when not is_expired then view_count end as view_count,
    is_expired as are_counts_expired,
    presence,
    source,
    published_at,
    {{ as_of_date('published_at') }} as published_date,
    captured_at,
    {{ as_of_date('captured_at') }} as as_of_date,
    loaded_at
from retained
