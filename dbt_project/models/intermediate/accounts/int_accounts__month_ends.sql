{{ config(
    materialized='incremental',
    meta={'rebuilt_by': 'account', 'rebuilt_unit': 'month'},
    indexes=[
        {'columns': ['account_code', 'center_code', 'month_start'], 'unique': true},
        {'columns': ['center_code', 'month_start']}
    ]
) }}
-- Grain: account × center × month at whose end it is expected there; with the count used for that end.
with expected as (

    select
        spine.account_code,
        spine.center_code,
        spine.platform,
        spine.day_no,
        months.month_start,
        months.known_on_date
    from {{ ref('int_centers__months') }} as months
    inner join {{ ref('int_accounts__daily_spine') }} as spine
        on months.center_code = spine.center_code and months.known_on_date = spine.date_day
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day', unit='month') }}

),

ranked as (

    -- The last reported count of the month's last days; an earlier count is no end of a month.
    select
        expected.account_code,
        expected.center_code,
        expected.platform,
        expected.month_start,
        expected.known_on_date,
        captures.followers_count,
        captures.followers_precision_step,
        captures.followers_state,
        captures.series_no,
        captures.date_day as capture_date,
        captures.captured_at,
        row_number() over (
            partition by expected.account_code, expected.center_code, expected.month_start
            order by case captures.followers_state when 'reported' then 0 else 1 end, captures.day_no desc nulls last
        ) as place
    from expected
    left join {{ ref('int_profile_snapshots__daily_latest') }} as captures
        on
            expected.account_code = captures.account_code
            and captures.day_no > expected.day_no - {{ var('period_baseline_reach_days') }}
            and expected.day_no >= captures.day_no
            and expected.month_start <= captures.date_day
    {{ and_since_rebuild_start('account', 'captures.date_day', unit='month') }}

)

select
    ranked.account_code,
    ranked.center_code,
    ranked.platform,
    ranked.month_start,
    ranked.known_on_date,
    case
        when suspensions.account_code is not null then 'suspended'
        when ranked.followers_state is null then 'failed'
        when ranked.followers_state <> 'reported' then 'hidden'
        else 'reported'
    end as end_status,
    ranked.followers_count,
    ranked.followers_precision_step,
    ranked.series_no,
    ranked.capture_date,
    ranked.captured_at
from ranked
left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
    on ranked.account_code = suspensions.account_code and ranked.known_on_date = suspensions.date_day
{{ and_since_rebuild_start('account', 'suspensions.date_day', unit='month') }}
where ranked.place = 1
