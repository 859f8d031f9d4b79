{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['account_code', 'date_day']}, {'columns': ['date_day']}]
) }}
-- Grain: account × WIB date × scope in which a post counts; the newest post as of that date.
{% if is_incremental() %}
with spine as (

    select
        spine.account_code,
        spine.date_day
    from {{ ref('int_accounts__daily_spine') }} as spine
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}

),

before as (

    -- The account's last day before those to rebuild; later evidence is read again.
    select
        to_rebuild.account_code,
        coalesce(last.date_day, cast('2000-01-01' as date)) as date_day
    from {{ to_rebuild('account') }} as to_rebuild
    left join lateral (
        select earlier.date_day
        from {{ ref('int_accounts__daily_spine') }} as earlier
        where earlier.account_code = to_rebuild.account_code and earlier.day_no < to_rebuild.day_no
        order by earlier.day_no desc
        limit 1
    ) as last on true

),

scopes as (

    -- The account's scopes: those of the day before, and those of posts that began to count since.
    select
        before.account_code,
        rows.scope
    from before
    cross join
        lateral (
            select found.scope
            from {{ this }} as found
            where found.account_code = before.account_code and found.date_day = before.date_day
            offset 0
        ) as rows
    union distinct
    select
        before.account_code,
        periods.scope
    from before
    cross join lateral (
        select found.scope
        from {{ ref('int_posts__scope_periods') }} as found
        where found.account_code = before.account_code and found.counted_from > before.date_day
        offset 0
    ) as periods

),

named as (

    -- A few days are looked up post by post; for all days that would be one look-up each.
    select
        spine.account_code,
        spine.date_day,
        scopes.scope,
        last.published_at as last_post_at,
        last.post_id,
        last.url,
        last.published_date,
        1 as place
    from spine
    inner join scopes on spine.account_code = scopes.account_code
    cross join lateral (
        select
            periods.published_at,
            periods.published_date,
            periods.post_id,
            periods.url
        from {{ ref('int_posts__scope_periods') }} as periods
        where
            periods.account_code = spine.account_code
            and periods.scope = scopes.scope
            and periods.counted_from <= spine.date_day
            and (periods.counted_until is null or spine.date_day < periods.counted_until)
        order by periods.published_at desc, {{ bytewise("periods.post_id") }} desc
        limit 1
    ) as last

)
{% else %}
with periods as (

    select * from {{ ref('int_posts__scope_periods') }}

),

arrivals as (

    select
        account_code,
        scope,
        counted_from,
        max(published_at) as published_at
    from periods
    where counted_until is null
    group by account_code, scope, counted_from

),

scopes as (

    select
        account_code,
        scope,
        min(counted_from) as first_date
    from periods
    group by account_code, scope

),

stream as (

    select
        spine.account_code,
        spine.date_day,
        scopes.scope,
        cast(null as {{ type_of('timestamptz') }}) as published_at,
        true as is_fact
    from {{ rows_to_rebuild('account', ref('int_accounts__daily_spine')) }} as spine
    inner join scopes on spine.account_code = scopes.account_code and spine.date_day >= scopes.first_date
    union all
    select
        account_code,
        counted_from as date_day,
        scope,
        published_at,
        false as is_fact
    from arrivals

),

running as (

    -- One pass per account and scope instead of a look-up per day.
    select
        account_code,
        date_day,
        scope,
        is_fact,
        max(published_at) over (partition by account_code, scope order by date_day) as published_at
    from stream

),

candidates as (

    select
        account_code,
        date_day,
        scope,
        published_at
    from running
    where is_fact and published_at is not null
    union all
    -- Posts that disappeared later count while they were there; there are few of them.
    select
        spine.account_code,
        spine.date_day,
        periods.scope,
        periods.published_at
    from {{ ref('int_accounts__daily_spine') }} as spine
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
        scope,
        max(published_at) as last_post_at
    from candidates
    group by account_code, date_day, scope

),

named as (

    select
        newest.*,
        periods.post_id,
        periods.url,
        periods.published_date,
        row_number() over (
            partition by newest.account_code, newest.date_day, newest.scope
            order by {{ bytewise("periods.post_id") }} desc
        ) as place
    from newest
    inner join periods
        on
            newest.account_code = periods.account_code
            and newest.scope = periods.scope
            and newest.last_post_at = periods.published_at
            and newest.date_day >= periods.counted_from
            and (periods.counted_until is null or newest.date_day < periods.counted_until)

)
{% endif %}

select
    account_code,
    date_day,
    scope,
    last_post_at,
    post_id as last_post_id,
    url as last_post_url,
    {{ days_from('published_date', 'date_day') }} as days_since_last_post
from named
where place = 1
