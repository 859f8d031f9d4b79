{{ config(
    materialized='incremental', meta={'reopened_by': 'account'},
    indexes=[{'columns': ['account_code', 'date_day']}, {'columns': ['date_day']}]
) }}
-- Grain: account × WIB date × basis on which a post counts; the newest one as known on that date.
with periods as (

    select
        posts.*,
        bases.basis
    from {{ ref('int_posts__known_periods') }} as posts
    inner join {{ ref('int_posts__bases') }} as bases
        on posts.account_code = bases.account_code and posts.post_id = bases.post_id

),

arrivals as (

    select
        account_code,
        basis,
        counted_from,
        max(published_at) as published_at
    from periods
    where counted_until is null
    group by account_code, basis, counted_from

),

standing as (

    select
        account_code,
        basis,
        counted_from as stands_from,
        lead(counted_from) over earlier as stands_until,
        max(published_at) over earlier as published_at
    from arrivals
    window earlier as (partition by account_code, basis order by counted_from)

),

candidates as (

    select
        spine.account_code,
        spine.date_day,
        standing.basis,
        standing.published_at
    from {{ reopened_rows('account', ref('int_accounts__daily_spine')) }} as spine
    inner join standing
        on
            spine.account_code = standing.account_code
            and spine.date_day >= standing.stands_from
            and (standing.stands_until is null or spine.date_day < standing.stands_until)
    union all
    -- Posts that disappeared later count while they were there; there are few of them.
    select
        spine.account_code,
        spine.date_day,
        periods.basis,
        periods.published_at
    from {{ reopened_rows('account', ref('int_accounts__daily_spine')) }} as spine
    inner join periods
        on
            spine.account_code = periods.account_code
            and spine.date_day >= periods.counted_from
            and spine.date_day < periods.counted_until

),

newest as (

    select
        account_code,
        date_day,
        basis,
        max(published_at) as last_post_at
    from candidates
    group by account_code, date_day, basis

),

named as (

    select
        newest.*,
        periods.post_id,
        periods.url,
        periods.published_date,
        row_number() over (
            partition by newest.account_code, newest.date_day, newest.basis
            order by {{ bytewise("periods.post_id") }} desc
        ) as place
    from newest
    inner join periods
        on
            newest.account_code = periods.account_code
            and newest.basis = periods.basis
            and newest.last_post_at = periods.published_at
            and newest.date_day >= periods.counted_from
            and (periods.counted_until is null or newest.date_day < periods.counted_until)

)

select
    account_code,
    date_day,
    basis,
    last_post_at,
    post_id as last_post_id,
    url as last_post_url,
    {{ days_from('published_date', 'date_day') }} as days_since_last_post
from named
where place = 1
