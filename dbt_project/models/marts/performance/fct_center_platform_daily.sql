{{ config(
    materialized='incremental', meta={'rebuilt_by': 'center'},
    indexes=[{'columns': ['date_day']}, {'columns': ['definition_breaks']}]
) }}
-- Grain: center × platform × WIB date on which one of its accounts there is expected.
with accounts as (

    -- An account whose identity is in doubt counts as read, but its change does not count.
    select
        daily.center_code,
        daily.platform,
        daily.account_code,
        daily.date_day,
        daily.is_captured,
        daily.source,
        case when suspensions.account_code is null then daily.change_7d end as change_7d,
        case when suspensions.account_code is null then daily.change_7d_low end as change_7d_low,
        case when suspensions.account_code is null then daily.change_7d_high end as change_7d_high
    from {{ rows_to_rebuild('center', ref('fct_follower_growth_daily')) }} as daily
    left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
        on daily.account_code = suspensions.account_code and daily.date_day = suspensions.date_day
    {{ and_since_rebuild_start('center', 'suspensions.date_day') }}

),

definition_breaks as (

    -- Days on which the metric definition changed since the account's last count.
    select
        captures.account_code,
        captures.date_day
    from {{ ref('int_profile_snapshots__daily_latest') }} as captures
    inner join lateral (
        select earlier.series_no
        from {{ ref('int_profile_snapshots__daily_latest') }} as earlier
        where
            captures.series_no > 0  -- an account's first definition needs no look-up
            and earlier.account_code = captures.account_code
            and earlier.day_no < captures.day_no
        order by earlier.day_no desc
        limit 1
    ) as before on captures.series_no > before.series_no
    {% if is_incremental() %}
    where {{ is_since_rebuild_start('captures.date_day') }}
    {% endif %}

)

select
    accounts.center_code,
    accounts.platform,
    accounts.date_day,
    cast(count(*) as integer) as accounts_expected,
    cast(count(*) filter (where accounts.is_captured) as integer) as accounts_read,
    cast(sum(accounts.change_7d) as bigint) as change_7d,
    cast(sum(accounts.change_7d_low) as bigint) as change_7d_low,
    cast(sum(accounts.change_7d_high) as bigint) as change_7d_high,
    cast(count(accounts.change_7d) as integer) as change_7d_accounts,
    cast(count(definition_breaks.account_code) as integer) as definition_breaks,
    max(accounts.source) as source
from accounts
left join definition_breaks
    on accounts.account_code = definition_breaks.account_code and accounts.date_day = definition_breaks.date_day
group by accounts.center_code, accounts.platform, accounts.date_day
