{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account', 'rebuilt_from': 'period_start - 1'},
    indexes=[{'columns': ['account_code', 'period_start'], 'unique': true}]
) }}
-- Grain: account × month that has a baseline: the last reported count before its first day, within reach.
with reported as (

    select
        captures.*,
        cast({{ month_start('captures.date_day') }} + interval '1 month' as date) as period_start
    from {{ ref('int_profile_snapshots__daily_latest') }} as captures
    -- The baseline of a month to rebuild is within reach of that month's end.
    {{ join_to_rebuild('account', 'captures.account_code', 'captures.date_day', var('period_baseline_reach_days')) }}
    where captures.followers_state = 'reported'

),

ranked as (

    select
        reported.*,
        row_number() over (
            partition by reported.account_code, reported.period_start order by reported.day_no desc
        ) as place
    from reported
    {{ join_to_rebuild('account', 'reported.account_code', 'reported.period_start - 1') }}
    where reported.date_day >= reported.period_start - {{ var('period_baseline_reach_days') }}

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
