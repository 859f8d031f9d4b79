-- Grain: account × month that has a base: the last reported count before its first day, within reach.
with reported as (

    select
        *,
        cast({{ month_start('date_day') }} + interval '1 month' as date) as period_start
    from {{ ref('int_profile_snapshots__daily_latest') }}
    where followers_state = 'reported'

),

ranked as (

    select
        *,
        row_number() over (partition by account_code, period_start order by day_no desc) as place
    from reported
    where date_day >= period_start - {{ var('period_base_reach_days') }}

)

select
    account_code,
    period_start,
    day_no,
    followers_count,
    followers_precision_step,
    series_no
from ranked
where place = 1
