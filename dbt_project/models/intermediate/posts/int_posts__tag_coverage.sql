{{ config(
    materialized='incremental', meta={'reopened_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id']}]
) }}
-- Grain: post × kind of tag: whether anybody knows what of that kind it carries. The one rule of what is unread.
with posts as (

    select
        account_code,
        post_id,
        reading_state
    from {{ reopened_rows('post', ref('int_posts__caption_reads')) }} as readings
    union all
    -- Of a post that only people have seen, nobody has read the words.
    select distinct
        entries.account_code,
        entries.post_id,
        'unread' as reading_state
    from {{ reopened_rows('post', ref('int_manual_entries__accepted')) }} as entries
    left join {{ reopened_rows('post', ref('int_posts__caption_reads')) }} as readings
        on entries.account_code = readings.account_code and entries.post_id = readings.post_id
    where entries.post_id is not null and readings.post_id is null

),

said as (

    -- Whoever names a programme or a cluster has read the post for it; that it is none of one says nothing of the
    -- others. Outreach is yes or no.
    select
        account_code,
        post_id,
        tag_kind
    from {{ reopened_rows('post', ref('int_posts__tags')) }} as tags
    where
        overridden_by is not null
        and derived_from is null
        and (tag_state = 'tagged' or tag_kind = 'outreach')
    union distinct
    select
        account_code,
        post_id,
        'outreach' as tag_kind
    from {{ reopened_rows('post', ref('int_manual_entries__accepted')) }} as entries
    where is_outreach is not null and as_of_date <= {{ through_date() }}

)

select
    posts.account_code,
    posts.post_id,
    kinds.tag_kind,
    case
        when posts.reading_state <> 'unread' then posts.reading_state
        when said.post_id is not null then 'said'
        else 'unread'
    end as kind_state
from posts
cross join (values ('program'), ('outreach'), ('cluster')) as kinds (tag_kind)
left join said
    on
        posts.account_code = said.account_code
        and posts.post_id = said.post_id
        and kinds.tag_kind = said.tag_kind
