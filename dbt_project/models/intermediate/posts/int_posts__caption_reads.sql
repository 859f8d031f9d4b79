{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id'], 'unique': true}]
) }}
-- Grain: post; with the read of its caption that its tags come from.
with reads as (

    -- The newest ruleset that read the caption before it expired.
    select
        *,
        row_number() over (partition by account_code, post_id, content_hash order by ruleset_id desc) as place
    from {{ rows_to_rebuild('post', ref('stg_social__tagged_captions')) }} as tagged

),

observed as (

    select
        account_code,
        post_id,
        content_hash,
        published_date,
        captured_at,
        max(captured_at) over (partition by account_code, post_id, content_hash) as last_seen_at,
        row_number() over (
            partition by account_code, post_id order by captured_at desc, response_id desc
        ) as place
    from {{ observations_to_rebuild() }} as observations
    where presence = 'seen' and as_of_date <= {{ through_date() }}

),

contents as (

    select
        account_code,
        post_id,
        content_hash,
        max(last_seen_at) as last_seen_at
    from observed
    group by account_code, post_id, content_hash

),

ranked as (

    -- When an edited caption expired unread, the read of the earlier caption is kept.
    select
        contents.account_code,
        contents.post_id,
        contents.content_hash,
        reads.ruleset_id,
        reads.ruleset_version,
        reads.campaign_codes,
        row_number() over (
            partition by contents.account_code, contents.post_id
            order by
                case when reads.ruleset_id is not null then 0 else 1 end,
                contents.last_seen_at desc,
                {{ bytewise("contents.content_hash") }}
        ) as place
    from contents
    left join reads
        on
            contents.account_code = reads.account_code
            and contents.post_id = reads.post_id
            and contents.content_hash = reads.content_hash
            and reads.place = 1

)

select
    ranked.account_code,
    ranked.post_id,
    observed.published_date,
    ranked.content_hash,
    case
        when ranked.ruleset_id is not null then 'read'
        when ranked.content_hash is null then 'no_words'
        else 'unread'
    end as reading_state,
    ranked.ruleset_id,
    ranked.ruleset_version,
    ranked.campaign_codes
from ranked
inner join observed
    on ranked.account_code = observed.account_code and ranked.post_id = observed.post_id and observed.place = 1
where ranked.place = 1
