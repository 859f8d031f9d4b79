{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[{'columns': ['account_code', 'post_id']}]
) }}
-- Grain: rule × post: impossible posts, on the first WIB date on which that was observed.
with observations as (

    select * from {{ observations_to_rebuild() }} as seen
    where as_of_date <= {{ through_date() }}

),

others as (

    -- Posts that a post to rebuild may duplicate; a full build compares all posts anyway.
    {% if is_incremental() %}
    select seen.*
    from (
        select distinct
            account_code,
            published_at
        from observations
    ) as moments
    cross join
        lateral (
            select at_once.*
            from {{ ref('stg_social__posts') }} as at_once
            where at_once.account_code = moments.account_code and at_once.published_at = moments.published_at
            offset 0
        ) as seen
    where seen.as_of_date <= {{ through_date() }}
    {% else %}
    select * from observations
    {% endif %}

),

first_seen as (

    select
        account_code,
        platform,
        post_id,
        published_at,
        content_hash,
        min(as_of_date) as first_seen_date
    from others
    where presence = 'seen' and content_hash is not null
    group by account_code, platform, post_id, published_at, content_hash

),

copies as (

    select
        *,
        row_number() over same_words as place,
        first_value(post_id) over same_words as first_post_id
    from first_seen
    window same_words as (
        partition by account_code, published_at, content_hash
        order by first_seen_date, {{ bytewise("post_id") }}
    )

),

posts_to_rebuild as (

    select distinct
        account_code,
        post_id
    from observations

),

found as (

    select
        'duplicate_post' as rule_id,
        copies.account_code,
        copies.post_id,
        copies.first_seen_date as date_day,
        copies.post_id as seen_value,
        copies.first_post_id as known_value
    from copies
    inner join posts_to_rebuild
        on copies.account_code = posts_to_rebuild.account_code and copies.post_id = posts_to_rebuild.post_id
    where copies.place > 1
    union all
    select
        rules.rule_id,
        observations.account_code,
        observations.post_id,
        observations.as_of_date as date_day,
        {{ utc_minute('observations.published_at') }} as seen_value,
        {{ utc_minute('observations.captured_at') }} as known_value
    from observations
    inner join {{ ref('dq_rules') }} as rules
        on
            rules.rule_id = 'published_in_future'
            and observations.published_at > observations.captured_at + rules.tolerance_minutes * interval '1 minute'
    union all
    select
        'published_before_platform' as rule_id,
        observations.account_code,
        observations.post_id,
        observations.as_of_date as date_day,
        cast(observations.published_date as {{ type_of('text') }}) as seen_value,
        cast(origins.existed_from as {{ type_of('text') }}) as known_value
    from observations
    inner join {{ ref('platform_origins') }} as origins
        on observations.platform = origins.platform and observations.published_date < origins.existed_from

),

ranked as (

    select
        *,
        row_number() over (
            partition by rule_id, account_code, post_id
            order by date_day, {{ bytewise("seen_value") }}, {{ bytewise("known_value") }}
        ) as place
    from found

)

select
    rule_id,
    account_code,
    post_id,
    date_day,
    seen_value,
    known_value
from ranked
where place = 1
