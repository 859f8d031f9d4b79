-- Grain: center × month: its followers at the month's end, and growth since the end of the month before.
with month_ends as (

    select * from {{ ref('int_accounts__month_ends') }}

),

ends as (

    select
        center_code,
        month_start,
        count(*) as accounts_expected,
        count(*) filter (where end_status = 'reported') as accounts_reported,
        count(*) filter (where end_status = 'hidden') as accounts_hidden,
        count(*) filter (where end_status = 'failed') as accounts_failed,
        count(*) filter (where end_status = 'suspended') as accounts_suspended,
        sum(followers_count) filter (where end_status = 'reported') as followers_count,
        sum(followers_count + followers_precision_step - 1) filter (where end_status = 'reported')
            as followers_count_high,
        min(capture_date) filter (where end_status = 'reported') as oldest_capture_date,
        max(capture_date) filter (where end_status = 'reported') as newest_capture_date
    from month_ends
    group by center_code, month_start

),

judged as (

    select
        *,
        case
            when accounts_failed > 0 then 'capture_failed'
            when accounts_suspended = accounts_expected then 'all_suspended'
            when accounts_reported = 0 then 'all_hidden'
        end as incomplete_reason
    from ends

),

followed as (

    -- An account is one series at whichever center it is: one that moved grows at its new center from its last end.
    select
        *,
        lag(month_start) over of_account as before_month_start,
        lag(end_status) over of_account as before_status,
        lag(series_no) over of_account as before_series_no,
        lag(followers_count) over of_account as before_count,
        lag(followers_precision_step) over of_account as before_step
    from month_ends
    window of_account as (partition by account_code order by month_start, known_on_date)

),

pairs as (

    -- The accounts read at both ends; a change of definition in between breaks the series.
    select
        center_code,
        month_start,
        before_series_no = series_no as is_one_series,
        before_count as baseline_count,
        followers_count - before_count as growth,
        {{ change_low('before_count', 'before_step', 'followers_count') }} as growth_low,
        {{ change_high('before_count', 'followers_count', 'followers_precision_step') }} as growth_high
    from followed
    where
        end_status = 'reported'
        and before_status = 'reported'
        and before_month_start >= cast(month_start - interval '1 month' as date)

),

growth as (

    select
        center_code,
        month_start,
        count(*) filter (where is_one_series) as growth_accounts,
        count(*) filter (where not is_one_series) as breaks,
        sum(baseline_count) filter (where is_one_series) as growth_baseline_count,
        sum(growth) filter (where is_one_series) as growth,
        sum(growth_low) filter (where is_one_series) as growth_low,
        sum(growth_high) filter (where is_one_series) as growth_high
    from pairs
    group by center_code, month_start

),

joined as (

    select
        months.center_code,
        months.month_start,
        begins.followers_count as start_count,
        begins.incomplete_reason as start_incomplete_reason,
        begins.oldest_capture_date as start_oldest_capture_date,
        begins.newest_capture_date as start_newest_capture_date,
        ends.followers_count as end_count,
        ends.followers_count_high as end_count_high,
        ends.oldest_capture_date as end_oldest_capture_date,
        ends.newest_capture_date as end_newest_capture_date,
        ends.accounts_reported,
        coalesce(ends.accounts_expected, 0) as accounts_expected,
        coalesce(ends.accounts_hidden, 0) as accounts_hidden,
        coalesce(ends.accounts_failed, 0) as accounts_failed,
        coalesce(ends.accounts_suspended, 0) as accounts_suspended,
        case when ends.accounts_expected is null then 'no_verified_account' else ends.incomplete_reason end
            as end_incomplete_reason,
        coalesce(growth.growth_accounts, 0) as growth_accounts,
        coalesce(growth.breaks, 0) as breaks,
        growth.growth_baseline_count,
        growth.growth,
        growth.growth_low,
        growth.growth_high
    from {{ ref('int_centers__months') }} as months
    left join judged as ends
        on months.center_code = ends.center_code and months.month_start = ends.month_start
    left join judged as begins
        on
            months.center_code = begins.center_code
            and cast(months.month_start - interval '1 month' as date) = begins.month_start
    left join growth
        on months.center_code = growth.center_code and months.month_start = growth.month_start

)

select
    center_code,
    month_start,
    cast(accounts_expected as integer) as accounts_expected,
    cast(accounts_hidden as integer) as accounts_hidden,
    cast(accounts_failed as integer) as accounts_failed,
    cast(accounts_suspended as integer) as accounts_suspended,
    cast(case when start_incomplete_reason is null then start_count end as bigint) as start_followers_count,
    start_oldest_capture_date,
    start_newest_capture_date,
    cast(case when end_incomplete_reason is null then end_count end as bigint) as end_followers_count,
    cast(case when end_incomplete_reason is null then end_count_high end as bigint) as end_followers_count_high,
    end_oldest_capture_date,
    end_newest_capture_date,
    end_incomplete_reason,
    cast(growth as bigint) as growth,
    case
        when growth_baseline_count >= {{ var('percent_baseline_minimum') }}
            then round(100.0 * growth / growth_baseline_count, 4)
    end
        as growth_pct,
    cast(growth_low as bigint) as growth_low,
    cast(growth_high as bigint) as growth_high,
    case when growth is not null then {{ is_measurable('growth_low', 'growth_high') }} end as growth_is_measurable,
    cast(growth_accounts as integer) as growth_accounts,
    cast(growth_baseline_count as bigint) as growth_baseline_count,
    case
        when growth_accounts > 0 then null
        when coalesce(accounts_reported, 0) = 0 then end_incomplete_reason
        when breaks > 0 then 'definition_break'
        else 'no_baseline'
    end as growth_null_reason
from joined
