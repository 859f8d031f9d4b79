{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id']}]
) }}
-- Grain: post × kind of tag: whether the post's tags of that kind are known. The only rule for `unread`.
with posts as (

    select
        account_code,
        post_id,
        reading_state
    from {{ rows_to_rebuild('post', ref('int_posts__caption_reads')) }} as reads
    union all
    -- The caption of a post known only from a manual entry was not read.
    select distinct
        entries.account_code,
        entries.post_id,
        'unread' as reading_state
    from {{ rows_to_rebuild('post', ref('int_manual_entries__accepted')) }} as entries
    left join {{ rows_to_rebuild('post', ref('int_posts__caption_reads')) }} as reads
        on entries.account_code = reads.account_code and entries.post_id = reads.post_id
    where entries.post_id is not null and reads.post_id is null

),

stated as (

    -- A person who names a programme or a cluster has read the post for that kind; removing one tag says nothing
    -- about the others. Outreach is yes or no.
    select
        account_code,
        post_id,
        tag_kind
    from {{ rows_to_rebuild('post', ref('int_posts__tags')) }} as tags
    where
        overridden_by is not null
        and derived_from is null
        and (tag_state = 'tagged' or tag_kind = 'outreach')
    union distinct
    select
        account_code,
        post_id,
        'outreach' as tag_kind
    from {{ rows_to_rebuild('post', ref('int_manual_entries__accepted')) }} as entries
    where is_outreach is not null and as_of_date <= {{ through_date() }}

)

select
    posts.account_code,
    posts.post_id,
    kinds.tag_kind,
    case
        when posts.reading_state <> 'unread' then posts.reading_state
        when stated.post_id is not null then 'stated'
        else 'unread'
    end as kind_state
from posts
cross join (values ('program'), ('outreach'), ('cluster')) as kinds (tag_kind)
left join stated
    on
        posts.account_code = stated.account_code
        and posts.post_id = stated.post_id
        and kinds.tag_kind = stated.tag_kind
