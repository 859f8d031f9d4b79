-- Grain: platform × its own budget day, which begins at midnight of the zone that the platform counts by.
with spent as (

    select
        spend.platform,
        platforms.quota_day_zone,
        platforms.daily_call_limit,
        platforms.daily_quota_limit,
        platforms.daily_usd_limit,
        {{ local_date('spend.spent_at', 'platforms.quota_day_zone') }} as quota_date,
        spend.spent_at,
        spend.as_of_date,
        spend.calls,
        spend.quota_units,
        spend.usd
    from {{ ref('stg_operations__spend') }} as spend
    inner join {{ ref('stg_registry__platforms') }} as platforms on spend.platform = platforms.platform
    where spend.as_of_date <= {{ through_date() }}

),

daily as (

    select
        platform,
        quota_date,
        quota_day_zone,
        daily_call_limit,
        daily_quota_limit,
        daily_usd_limit,
        {{ month_start('quota_date') }} as month_start,
        min(spent_at) as first_spent_at,
        max(spent_at) as last_spent_at,
        max(as_of_date) as last_date,
        sum(calls) as calls,
        sum(quota_units) as quota_units,
        sum(usd) as usd
    from spent
    group by platform, quota_date, quota_day_zone, daily_call_limit, daily_quota_limit, daily_usd_limit

),

sources as (

    select
        platform,
        date_day,
        source
    from {{ ref('int_platforms__daily_outcomes') }}

)

select
    daily.platform,
    daily.quota_date,
    daily.quota_day_zone,
    daily.first_spent_at,
    daily.last_spent_at,
    cast(daily.calls as integer) as calls,
    cast(daily.quota_units as integer) as quota_units,
    daily.usd,
    daily.daily_call_limit,
    daily.daily_quota_limit,
    daily.daily_usd_limit,
    round(1.0 * daily.calls / nullif(daily.daily_call_limit, 0), 4) as calls_share,
    round(1.0 * daily.quota_units / nullif(daily.daily_quota_limit, 0), 4) as quota_share,
    round(daily.usd / nullif(daily.daily_usd_limit, 0), 4) as usd_share,
    sum(daily.usd) over (partition by daily.platform, daily.month_start order by daily.quota_date) as usd_month_to_date,
    sources.source
from daily
left join sources on daily.platform = sources.platform and daily.last_date = sources.date_day
