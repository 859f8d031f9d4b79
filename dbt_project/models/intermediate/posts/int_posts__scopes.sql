{{ config(
    materialized='incremental', meta={'reopened_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id']}]
) }}
-- Grain: post × basis on which recency is asked; posts of which nobody knows the kind of tag are bases of their own.
select
    account_code,
    post_id,
    case tag_kind when 'outreach' then 'outreach_post' else 'program:' || tag end as basis
from {{ reopened_rows('post', ref('int_posts__tags')) }} as tags
where tag_kind in ('outreach', 'program') and tag_state = 'tagged'
union all
select
    account_code,
    post_id,
    'unread:' || tag_kind as basis
from {{ reopened_rows('post', ref('int_posts__tag_coverage')) }} as kinds
where tag_kind in ('outreach', 'program') and kind_state = 'unread'
