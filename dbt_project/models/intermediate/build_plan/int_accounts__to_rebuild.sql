-- Grain: account that an incremental build rebuilds, with the first WIB date to rebuild.
with registered as (

    select
        account_code,
        {{ day_of('built_through') }} as built_through
    from {{ ref('stg_registry__center_accounts') }}
    group by account_code

),

queued as (

    -- Facts are as of their date: evidence changes its own day and later days, never earlier ones.
    select
        account_code,
        min(as_of_date) as date_day
    from {{ ref('stg_social__days_to_rebuild') }}
    where {{ is_this_build('build_id') }}
    group by account_code

),

seen_again as (

    -- Looked up account by account, and below post by post: few are needed, and raw holds years of them.
    select
        queued.account_code,
        posts.post_id
    from queued
    cross join lateral (
        select distinct observations.post_id
        from {{ ref('stg_social__posts') }} as observations
        where
            observations.account_code = queued.account_code
            and observations.captured_at >= {{ start_of_day('queued.date_day') }}
    ) as posts

),

edited_posts as (

    -- A caption is read once for all days: that of an edited post counts from the post's first day.
    select
        seen_again.account_code,
        posts.date_day
    from seen_again
    cross join
        lateral (
            select
                min(observations.as_of_date) as date_day,
                count(distinct coalesce(observations.content_hash, '')) as contents
            from {{ ref('stg_social__posts') }} as observations
            where
                observations.account_code = seen_again.account_code
                and observations.post_id = seen_again.post_id
        ) as posts
    where posts.contents > 1

),

renamed_posts as (

    -- This also reaches back: a post entered manually takes the API's id once the API has returned its URL.
    select
        queued.account_code,
        addresses.as_of_date as date_day
    from queued
    inner join {{ ref('stg_social__entered_addresses') }} as addresses
        on queued.account_code = addresses.account_code and queued.date_day > addresses.as_of_date
    cross join lateral (
        select 1 as is_shown
        from {{ ref('stg_social__posts') }} as observations
        where
            observations.account_code = queued.account_code
            and observations.captured_at >= {{ start_of_day('queued.date_day') }}
            and observations.url = addresses.url
        order by observations.captured_at
        limit 1
    ) as posts

),

described_posts as (

    -- The tags of a manual entry count from the first day on which its post was observed, as long as the entry does.
    select
        queued.account_code,
        least(
            (
                select min(observations.as_of_date)
                from {{ ref('stg_social__posts') }} as observations
                where observations.account_code = queued.account_code and observations.url = addresses.url
            ),
            (
                select min(earlier.as_of_date)
                from {{ ref('stg_social__entered_addresses') }} as earlier
                where earlier.account_code = queued.account_code and earlier.url = addresses.url
            )
        ) as date_day
    from queued
    inner join {{ ref('stg_social__entered_addresses') }} as addresses
        on queued.account_code = addresses.account_code and queued.date_day <= addresses.as_of_date
    where addresses.has_words

),

handed_over as (

    -- A post that an earlier account of the channel shows does not count under the later one, on none of its days.
    select distinct
        handovers.account_code,
        cast('2000-01-01' as date) as date_day
    from {{ ref('stg_social__days_to_rebuild') }} as days
    inner join {{ ref('int_accounts__handovers') }} as handovers on days.account_code = handovers.other_account_code
    where handovers.is_earlier and {{ is_this_build('days.build_id') }} and days.cause <> 'retention'

),

attempted as (

    select distinct account_code
    from {{ ref('stg_social__capture_outcomes') }}
    where
        outcome <> 'not_attempted'
        and attempted_at >= {{ start_of_day(day_of('built_through')) }}
        and attempted_at < {{ start_of_day(day_of('built_through') ~ ' + 1') }}

),

reasons as (

    select
        account_code,
        date_day
    from queued
    union all
    select
        account_code,
        date_day
    from edited_posts
    union all
    select
        account_code,
        date_day
    from renamed_posts
    union all
    select
        account_code,
        date_day
    from described_posts
    union all
    select
        account_code,
        date_day
    from handed_over
    union all
    select
        account_code,
        built_through + 1 as date_day
    from registered
    union all
    -- The last day built was not over then: an account not attempted by its end was missed.
    select
        registered.account_code,
        registered.built_through as date_day
    from registered
    left join attempted on registered.account_code = attempted.account_code
    where attempted.account_code is null

)

select
    account_code,
    min(date_day) as date_day,
    {{ day_no('min(date_day)') }} as day_no
from reasons
where date_day is not null
group by account_code
having min(date_day) <= {{ through_date() }}
