-- Grain: post × response in which its content, counts or presence changed.
with source as (

    select * from {{ source('raw', 'posts') }}

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
    like_count,
    comment_count,
    share_count,
    view_count,
    presence,
    source,
    published_at,
    {{ as_of_date('published_at') }} as published_date,
    captured_at,
    {{ as_of_date('captured_at') }} as as_of_date,
    loaded_at
from source
