{{ config(
    materialized='incremental', meta={'reopened_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id'], 'unique': true}]
) }}
-- Grain: post; with the reading of its caption that stands for it.
with readings as (

    -- Of several rulesets the newest that still met the caption.
    select
        *,
        row_number() over (partition by account_code, post_id, content_hash order by ruleset_id desc) as place
    from {{ reopened_rows('post', ref('stg_social__tagged_captions')) }} as tagged

),

sightings as (

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
    from {{ reopened_observations() }} as observations
    where presence = 'seen' and as_of_date <= {{ through_date() }}

),

contents as (

    select
        account_code,
        post_id,
        content_hash,
        max(last_seen_at) as last_seen_at
    from sightings
    group by account_code, post_id, content_hash

),

ranked as (

    -- An edited caption that expired unread leaves what was read of the earlier one.
    select
        contents.account_code,
        contents.post_id,
        contents.content_hash,
        readings.ruleset_id,
        readings.ruleset_version,
        readings.campaign_codes,
        row_number() over (
            partition by contents.account_code, contents.post_id
            order by
                case when readings.ruleset_id is not null then 0 else 1 end,
                contents.last_seen_at desc,
                {{ bytewise("contents.content_hash") }}
        ) as place
    from contents
    left join readings
        on
            contents.account_code = readings.account_code
            and contents.post_id = readings.post_id
            and contents.content_hash = readings.content_hash
            and readings.place = 1

)

select
    ranked.account_code,
    ranked.post_id,
    sightings.published_date,
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
inner join sightings
    on ranked.account_code = sightings.account_code and ranked.post_id = sightings.post_id and sightings.place = 1
where ranked.place = 1
