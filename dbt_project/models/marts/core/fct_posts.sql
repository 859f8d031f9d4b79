{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[
        {'columns': ['published_at']}, {'columns': ['center_code', 'published_date']},
        {'columns': ['published_date', 'center_code', 'platform']}
    ]
) }}
-- Grain: post.
with entered as (

    -- A post that an API has observed comes from the API; the others come from confirmed manual entries.
    select entries.*
    from {{ rows_to_rebuild('post', ref('int_manual_entries__accepted')) }} as entries
    where
        entries.as_of_date <= {{ through_date() }}
        and not exists (
            select 1
            from {{ observations_to_rebuild() }} as posts
            where
                posts.account_code = entries.account_code
                and posts.post_id = entries.post_id
                and posts.as_of_date <= {{ through_date() }}
        )

),

observations as (

    select
        account_code,
        post_id,
        response_id,
        url,
        post_type,
        caption_length,
        like_count,
        comment_count,
        share_count,
        view_count,
        are_counts_expired,
        presence,
        source,
        published_at,
        published_date,
        captured_at,
        as_of_date,
        false as is_manual
    from {{ observations_to_rebuild() }} as posts
    where as_of_date <= {{ through_date() }}
    union all
    select
        account_code,
        post_id,
        cast(null as {{ type_of('uuid') }}) as response_id,
        last_post_url as url,
        cast(null as {{ type_of('text') }}) as post_type,
        cast(null as integer) as caption_length,
        cast(null as bigint) as like_count,
        cast(null as bigint) as comment_count,
        cast(null as bigint) as share_count,
        cast(null as bigint) as view_count,
        false as are_counts_expired,
        'seen' as presence,
        source,
        last_post_at as published_at,
        published_date,
        observed_at as captured_at,
        as_of_date,
        true as is_manual
    from entered
    where post_id is not null

),

observed as (

    select
        *,
        min(captured_at) over of_post as first_seen_at,
        min(as_of_date) over of_post as first_seen_date,
        max(captured_at) over of_post as last_seen_at,
        -- 'simulator' > 'manual' > 'api': of several sources the least real one is shown.
        max(source) over of_post as least_real_source,
        first_value(presence) over (
            partition by account_code, post_id
            order by captured_at desc, response_id desc
        ) as last_presence,
        -- Content and counts come from the last observation that found the post; an absence has neither.
        row_number() over (
            partition by account_code, post_id
            order by case presence when 'seen' then 1 else 0 end desc, captured_at desc, response_id desc
        ) as place
    from observations
    window of_post as (partition by account_code, post_id)

),

centers as (

    -- A renamed center stays in place; the zone is that of its last row.
    select
        center_code,
        time_zone,
        row_number() over (partition by center_code order by valid_from desc nulls last) as place
    from {{ ref('stg_registry__centers') }}

)

select
    accounts.account_code,
    accounts.center_code,
    accounts.platform,
    observed.post_id,
    observed.published_at,
    observed.published_date,
    {{ local_time('observed.published_at', 'centers.time_zone') }} as published_at_local,
    observed.url,
    observed.post_type,
    observed.like_count,
    observed.comment_count,
    observed.share_count,
    observed.view_count,
    case
        when coalesce(observed.like_count, observed.comment_count, observed.share_count) is not null
            then
                coalesce(observed.like_count, 0)
                + coalesce(observed.comment_count, 0)
                + coalesce(observed.share_count, 0)
    end as interactions,
    observed.are_counts_expired,
    observed.caption_length,
    observed.last_presence as presence,
    observed.is_manual,
    observed.first_seen_at,
    observed.last_seen_at,
    greatest({{ days_from('observed.published_date', 'observed.first_seen_date') }}, 0) as discovered_late_days,
    observed.least_real_source as source
from observed
-- A post belongs to the center that owned its account when it was published.
inner join {{ ref('stg_registry__center_accounts') }} as accounts
    on
        observed.account_code = accounts.account_code
        and {{ is_owner_on('accounts', 'observed.published_date') }}
left join {{ ref('int_posts__of_other_code') }} as others
    on observed.account_code = others.account_code and observed.post_id = others.post_id
inner join centers on accounts.center_code = centers.center_code and centers.place = 1
where observed.place = 1 and others.post_id is null
