{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account', 'rebuilt_from': 'as_of_date'},
    indexes=[{'columns': ['account_code', 'as_of_date'], 'unique': true}, {'columns': ['account_code', 'post_id']}]
) }}
-- Grain: account × WIB date with a manual entry only; where an API read the account too, its count is used.
with entries as (

    select entries.*
    from {{ ref('stg_social__manual_entries') }} as entries
    {{ join_to_rebuild('account', 'entries.account_code', 'entries.as_of_date') }}

),

{% if is_incremental() %}
captured as (

    -- Looked up entry by entry: entries are few, captures cover years.
    select
        entries.account_code,
        entries.as_of_date
    from entries
    cross join lateral (
        select 1 as is_read
        from {{ ref('stg_social__profile_snapshots') }} as seen
        where
            seen.account_code = entries.account_code
            and seen.captured_at >= {{ start_of_day('entries.as_of_date') }}
            and seen.captured_at < {{ start_of_day('entries.as_of_date + 1') }}
        limit 1
    ) as snapshots

),

addresses as (

    select
        entries.account_code,
        entries.last_post_url as url,
        max(found.post_id) as post_id
    from entries
    cross join
        lateral (
            select posts.post_id
            from {{ ref('stg_social__posts') }} as posts
            where posts.account_code = entries.account_code and posts.url = entries.last_post_url
            offset 0
        ) as found
    group by entries.account_code, entries.last_post_url

)
{% else %}
captured as (

    select
        entries.account_code,
        entries.as_of_date
    from entries
    inner join {{ ref('stg_social__profile_snapshots') }} as snapshots
        on entries.account_code = snapshots.account_code and entries.as_of_date = snapshots.as_of_date
    group by entries.account_code, entries.as_of_date

),

addresses as (

    -- A post entered manually is the API's post with the same URL, if there is one.
    select
        posts.account_code,
        posts.url,
        max(posts.post_id) as post_id
    from entries
    inner join {{ ref('stg_social__posts') }} as posts
        on entries.account_code = posts.account_code and entries.last_post_url = posts.url
    group by posts.account_code, posts.url

)
{% endif %}

select
    entries.account_code,
    entries.as_of_date,
    entries.observed_at,
    entries.followers_count,
    entries.followers_precision_step,
    entries.followers_state,
    entries.metric_definition_id,
    case when entries.is_observation then 'captured' else 'captured_partly' end as outcome,
    entries.is_observation,
    case
        when entries.last_post_at is not null
            then coalesce(addresses.post_id, 'manual:' || md5(entries.last_post_url))
    end as post_id,
    entries.last_post_at,
    entries.published_date,
    entries.last_post_url,
    entries.is_outreach,
    entries.program,
    entries.entered_by,
    entries.source
from entries
left join captured
    on entries.account_code = captured.account_code and entries.as_of_date = captured.as_of_date
left join addresses
    on entries.account_code = addresses.account_code and entries.last_post_url = addresses.url
where captured.account_code is null
