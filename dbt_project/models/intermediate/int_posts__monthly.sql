{{ config(indexes=[{'columns': ['center_code', 'month_start']}]) }}
-- Grain: post in the month of its publication, as known at that month's end.
with accounts as (

    -- What an account said counts for the months in which it was expected, unless nobody knows whose it is.
    select
        accounts.account_code,
        accounts.center_code,
        accounts.platform,
        accounts.month_start,
        months.known_on_date
    from {{ ref('int_accounts__months') }} as accounts
    inner join {{ ref('int_centers__months') }} as months
        on accounts.center_code = months.center_code and accounts.month_start = months.month_start
    where not accounts.is_in_doubt

),

observations as (

    select
        account_code,
        post_id,
        published_at,
        published_date,
        presence,
        case
            when coalesce(like_count, comment_count, share_count) is not null
                then coalesce(like_count, 0) + coalesce(comment_count, 0) + coalesce(share_count, 0)
        end as interactions,
        as_of_date,
        captured_at,
        response_id
    from {{ ref('stg_social__posts') }}
    union all
    select
        account_code,
        post_id,
        last_post_at as published_at,
        published_date,
        'seen' as presence,
        cast(null as bigint) as interactions,
        as_of_date,
        observed_at as captured_at,
        cast(null as uuid) as response_id
    from {{ ref('int_manual_entries__standing') }}
    where post_id is not null

),

claims as (

    -- A platform may correct the instant of a publication: the month that the last word names is the post's.
    select distinct
        account_code,
        post_id,
        {{ month_start('published_date') }} as month_start
    from observations

),

ranked as (

    select
        accounts.account_code,
        accounts.center_code,
        accounts.platform,
        accounts.month_start,
        accounts.known_on_date,
        observations.post_id,
        observations.published_at,
        observations.published_date,
        observations.presence,
        -- A person who sees a post again counts nothing: what it moved is what an API last saw.
        first_value(observations.interactions) over (
            partition by accounts.account_code, accounts.month_start, observations.post_id
            order by
                case when observations.presence = 'seen' and observations.response_id is not null then 0 else 1 end,
                observations.captured_at desc,
                observations.response_id desc
        ) as interactions,
        row_number() over (
            partition by accounts.account_code, accounts.month_start, observations.post_id
            order by observations.captured_at desc, observations.response_id desc nulls last
        ) as place
    from claims
    inner join accounts
        on claims.account_code = accounts.account_code and claims.month_start = accounts.month_start
    inner join observations
        on
            claims.account_code = observations.account_code
            and claims.post_id = observations.post_id
            and accounts.known_on_date >= observations.as_of_date

)

select
    account_code,
    center_code,
    platform,
    month_start,
    post_id,
    published_at,
    published_date,
    interactions
from ranked
where
    place = 1
    and presence = 'seen'
    and published_date <= known_on_date
    and {{ month_start('published_date') }} = month_start
