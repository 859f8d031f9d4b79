{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[
        {'columns': ['account_code', 'scope', 'published_at']}, {'columns': ['account_code', 'counted_from']},
        {'columns': ['account_code', 'post_id']}
    ]
) }}
-- Grain: post × scope × unbroken run of WIB dates on which it was known and counted.
select
    posts.account_code,
    posts.center_code,
    posts.post_id,
    scopes.scope,
    posts.published_at,
    posts.published_date,
    posts.url,
    posts.counted_from,
    posts.counted_until
from {{ rows_to_rebuild('post', ref('int_posts__known_periods')) }} as posts
inner join {{ rows_to_rebuild('post', ref('int_posts__scopes')) }} as scopes
    on posts.account_code = scopes.account_code and posts.post_id = scopes.post_id
