{{ config(indexes=[{'columns': ['account_code'], 'unique': true}]) }}
-- Grain: account that an incremental build rebuilds, with the first WIB date whose as-is figures may have changed.
with moved as (

    -- A post found, gone or dated anew in the days to rebuild: from its publication on.
    select
        posts.account_code,
        min(turned.date_day) as date_day
    from {{ to_rebuild('post') }} as posts
    inner join {{ to_rebuild('account') }} as to_rebuild on posts.account_code = to_rebuild.account_code
    cross join
        lateral (
            select
                min(periods.published_date) as date_day,
                bool_or(periods.counted_from >= to_rebuild.date_day or periods.counted_until >= to_rebuild.date_day)
                    as is_so
            from {{ ref('int_posts__known_periods') }} as periods
            where periods.account_code = posts.account_code and periods.post_id = posts.post_id
        ) as turned
    where turned.is_so
    group by posts.account_code

),

entered as (

    -- When an entry goes, its post may leave no trace among the posts.
    select
        entries.account_code,
        min(entries.published_date) as date_day
    from {{ ref('stg_social__entered_addresses') }} as entries
    inner join {{ to_rebuild('account') }} as to_rebuild
        on entries.account_code = to_rebuild.account_code and entries.as_of_date >= to_rebuild.date_day
    group by entries.account_code

),

observations as (

    select
        outcomes.account_code,
        outcomes.date_day
    from {{ ref('int_accounts__daily_outcomes') }} as outcomes
    where outcomes.is_observed and outcomes.date_day >= {{ first_day_to_rebuild('account') }}
    union all
    select
        entries.account_code,
        entries.as_of_date as date_day
    from {{ ref('stg_social__manual_entries') }} as entries

),

observed as (

    select distinct
        to_rebuild.account_code,
        to_rebuild.date_day
    from {{ to_rebuild('account') }} as to_rebuild
    inner join observations
        on to_rebuild.account_code = observations.account_code and to_rebuild.date_day <= observations.date_day

),

unobserved as (

    -- An observation also finds what was published on earlier days, back to the observation before.
    select
        observed.account_code,
        coalesce(
            (
                select max(outcomes.date_day) + 1
                from {{ ref('int_accounts__daily_outcomes') }} as outcomes
                where
                    outcomes.account_code = observed.account_code
                    and outcomes.date_day < observed.date_day
                    and outcomes.is_observed
            ),
            cast('2000-01-01' as date)
        ) as date_day
    from observed

),

reasons as (

    select
        account_code,
        date_day
    from {{ to_rebuild('account') }}
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
    from unobserved

)

select
    account_code,
    min(date_day) as date_day
from reasons
group by account_code
