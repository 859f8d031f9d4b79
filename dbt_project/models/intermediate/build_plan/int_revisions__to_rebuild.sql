{{ config(indexes=[{'columns': ['account_code'], 'unique': true}]) }}
-- Grain: account that a build of changes has to touch, with the first WIB date of which something else is known now.
with moved as (

    -- A post found, gone or dated anew in the reopened days: from its publication on.
    select
        posts.account_code,
        min(turned.date_day) as date_day
    from {{ reopened_by('post') }} as posts
    inner join {{ reopened_by('account') }} as reopened on posts.account_code = reopened.account_code
    cross join
        lateral (
            select
                min(periods.published_date) as date_day,
                bool_or(periods.counted_from >= reopened.date_day or periods.counted_until >= reopened.date_day)
                    as is_so
            from {{ ref('int_posts__known_periods') }} as periods
            where periods.account_code = posts.account_code and periods.post_id = posts.post_id
        ) as turned
    where turned.is_so
    group by posts.account_code

),

entered as (

    -- What an entry said goes with it, without a trace among the posts.
    select
        entries.account_code,
        min(entries.published_date) as date_day
    from {{ ref('stg_social__entered_addresses') }} as entries
    inner join {{ reopened_by('account') }} as reopened
        on entries.account_code = reopened.account_code and entries.as_of_date >= reopened.date_day
    group by entries.account_code

),

looks as (

    select
        outcomes.account_code,
        outcomes.date_day
    from {{ ref('int_accounts__daily_outcomes') }} as outcomes
    where outcomes.is_looked_at and outcomes.date_day >= {{ first_reopened_day('account') }}
    union all
    select
        entries.account_code,
        entries.as_of_date as date_day
    from {{ ref('stg_social__manual_entries') }} as entries

),

looked as (

    select distinct
        reopened.account_code,
        reopened.date_day
    from {{ reopened_by('account') }} as reopened
    inner join looks on reopened.account_code = looks.account_code and reopened.date_day <= looks.date_day

),

unlooked as (

    -- A look also sees what was published on the days before it, back to the look before.
    select
        looked.account_code,
        coalesce(
            (
                select max(outcomes.date_day) + 1
                from {{ ref('int_accounts__daily_outcomes') }} as outcomes
                where
                    outcomes.account_code = looked.account_code
                    and outcomes.date_day < looked.date_day
                    and outcomes.is_looked_at
            ),
            cast('2000-01-01' as date)
        ) as date_day
    from looked

),

reasons as (

    select
        account_code,
        date_day
    from {{ reopened_by('account') }}
    union all
    select
        account_code,
        date_day
    from moved
    union all
    select
        account_code,
        date_day
    from entered
    union all
    select
        account_code,
        date_day
    from unlooked

)

select
    account_code,
    min(date_day) as date_day
from reasons
group by account_code
