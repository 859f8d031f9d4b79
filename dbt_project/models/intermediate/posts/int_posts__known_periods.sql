{{ config(
    materialized='incremental', meta={'rebuilt_by': 'post'},
    indexes=[
        {'columns': ['account_code', 'published_at']}, {'columns': ['account_code', 'post_id']},
        {'columns': ['published_date']}
    ]
) }}
-- Grain: post × unbroken run of WIB dates on which it was known and counted, for the center that owned its account when
-- it was published.
with observations as (

    select
        account_code,
        post_id,
        published_at,
        published_date,
        url,
        presence,
        as_of_date,
        captured_at,
        response_id
    from {{ observations_to_rebuild() }} as posts
    union all
    select
        account_code,
        post_id,
        last_post_at as published_at,
        published_date,
        last_post_url as url,
        'seen' as presence,
        as_of_date,
        observed_at as captured_at,
        cast(null as {{ type_of('uuid') }}) as response_id
    from {{ rows_to_rebuild('post', ref('int_manual_entries__accepted')) }} as entries
    where post_id is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by account_code, post_id, as_of_date
            order by captured_at desc, response_id desc nulls last
        ) as place
    from observations
    where as_of_date <= {{ through_date() }}

),

observed as (

    select
        *,
        lag(presence) over earlier as previous_presence,
        lag(published_at) over earlier as previous_published_at,
        lag(url) over earlier as previous_url,
        min(captured_at) over (partition by account_code, post_id) as first_seen_at
    from ranked
    where place = 1
    window earlier as (partition by account_code, post_id order by as_of_date)

),

turns as (

    -- Counts change every day; presence and dates hardly ever do.
    select
        account_code,
        post_id,
        published_at,
        published_date,
        url,
        presence,
        first_seen_at,
        as_of_date as known_from,
        lead(as_of_date) over (partition by account_code, post_id order by as_of_date) as known_until
    from observed
    where
        presence is distinct from previous_presence
        or published_at is distinct from previous_published_at
        or url is distinct from previous_url

),

periods as (

    select
        account_code,
        post_id,
        published_at,
        published_date,
        url,
        first_seen_at,
        greatest(known_from, published_date) as counted_from,
        known_until as counted_until
    from turns
    where presence = 'seen'

)

select
    periods.account_code,
    accounts.center_code,
    periods.post_id,
    periods.published_at,
    periods.published_date,
    periods.url,
    periods.first_seen_at,
    periods.counted_from,
    periods.counted_until
from periods
inner join {{ ref('stg_registry__center_accounts') }} as accounts
    on
        periods.account_code = accounts.account_code
        and {{ is_owner_on('accounts', 'periods.published_date') }}
left join {{ ref('int_posts__of_other_code') }} as others
    on periods.account_code = others.account_code and periods.post_id = others.post_id
where others.post_id is null and (periods.counted_until is null or periods.counted_from < periods.counted_until)
