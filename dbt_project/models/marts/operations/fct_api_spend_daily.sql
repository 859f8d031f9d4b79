-- Grain: platform × budget day, which begins at midnight in the platform's own zone.
with spent as (

    select
        spend.platform,
        platforms.quota_day_zone,
        platforms.daily_call_limit,
        platforms.daily_quota_limit,
        platforms.daily_usd_limit,
        platforms.monthly_usd_limit,
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
        monthly_usd_limit,
        {{ month_start('quota_date') }} as month_start,
        min(spent_at) as first_spent_at,
        max(spent_at) as last_spent_at,
        max(as_of_date) as last_date,
        sum(calls) as calls,
        sum(quota_units) as quota_units,
        sum(usd) as usd
    from spent
    group by
        platform, quota_date, quota_day_zone, daily_call_limit, daily_quota_limit, daily_usd_limit, monthly_usd_limit

),

running as (

    select
        daily.*,
        extract(day from daily.quota_date) as day_of_month,
        sum(daily.usd) over (
            partition by daily.platform, daily.month_start order by daily.quota_date
        ) as usd_month_to_date
    from daily

),

sources as (

    select
        platform,
        date_day,
        source
    from {{ ref('int_platforms__daily_outcomes') }}

)

select
    running.platform,
    running.quota_date,
    running.quota_day_zone,
    running.first_spent_at,
    running.last_spent_at,
    cast(running.calls as integer) as calls,
    cast(running.quota_units as integer) as quota_units,
    running.usd,
    running.daily_call_limit,
    running.daily_quota_limit,
    running.daily_usd_limit,
    round(1.0 * running.calls / nullif(running.daily_call_limit, 0), 4) as calls_share,
    round(1.0 * running.quota_units / nullif(running.daily_quota_limit, 0), 4) as quota_share,
    round(running.usd / nullif(running.daily_usd_limit, 0), 4) as usd_share,
    running.usd_month_to_date,
    running.monthly_usd_limit,
    case
        when running.usd_month_to_date >= running.monthly_usd_limit then 0
        when running.usd_month_to_date > 0 and running.monthly_usd_limit is not null then cast(
            least(
                floor(
                    (running.monthly_usd_limit - running.usd_month_to_date) * running.day_of_month
                    / running.usd_month_to_date
                ),
                {{ var('budget_days_shown') }}
            ) as integer
        )
    end as budget_days_left,
    sources.source
from running
left join sources on running.platform = sources.platform and running.last_date = sources.date_day
