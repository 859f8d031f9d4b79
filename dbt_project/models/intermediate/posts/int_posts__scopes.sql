{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id']}]
) }}
-- Grain: post × scope of recency; posts whose tags of a kind are unknown make a scope `unread:<kind>`.
select
    account_code,
    post_id,
    case tag_kind when 'outreach' then 'outreach_post' else 'program:' || tag end as scope
from {{ rows_to_rebuild('post', ref('int_posts__tags')) }} as tags
where tag_kind in ('outreach', 'program') and tag_state = 'tagged'
union all
select
    account_code,
    post_id,
    'unread:' || tag_kind as scope
from {{ rows_to_rebuild('post', ref('int_posts__tag_coverage')) }} as kinds
where tag_kind in ('outreach', 'program') and kind_state = 'unread'
