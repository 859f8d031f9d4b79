-- Grain: center × month: where it stands at the month's end, and how many of its account-days were captured.
with states as (

    -- A platform with an account in use is there, whatever other rows the registry has for it.
    select
        months.center_code,
        months.month_start,
        completeness.platform,
        min(case
            when completeness.is_expected then 1
            when completeness.outcome <> 'not_yet_verified' then 2
            else 3
        end) as state_no
    from {{ ref('int_centers__months') }} as months
    inner join {{ ref('fct_capture_completeness') }} as completeness
        on months.center_code = completeness.center_code and months.known_on_date = completeness.date_day
    group by months.center_code, months.month_start, completeness.platform

),

platforms as (

    select
        center_code,
        month_start,
        count(*) filter (where state_no = 1) as platforms_present,
        count(*) filter (where state_no = 2) as platforms_missing,
        count(*) filter (where state_no = 3) as platforms_not_verified,
        string_agg(platform, ', ' order by {{ bytewise("platform") }}) filter (where state_no = 1) as platforms_present_list,
        string_agg(platform, ', ' order by {{ bytewise("platform") }}) filter (where state_no = 2) as platforms_missing_list,
        string_agg(platform, ', ' order by {{ bytewise("platform") }}) filter (where state_no = 3)
            as platforms_not_verified_list
    from states
    group by center_code, month_start

),

captures as (

    select
        months.center_code,
        months.month_start,
        count(completeness.account_code) as account_days_expected,
        count(completeness.account_code) filter (where completeness.is_captured) as account_days_captured,
        max(completeness.source) as source
    from {{ ref('int_centers__months') }} as months
    left join {{ ref('fct_capture_completeness') }} as completeness
        on months.center_code = completeness.center_code
        and months.first_date <= completeness.date_day
        and months.known_on_date >= completeness.date_day
        and completeness.is_expected
    group by months.center_code, months.month_start

)

select
    captures.center_code,
    captures.month_start,
    cast(coalesce(platforms.platforms_present, 0) as integer) as platforms_present,
    cast(coalesce(platforms.platforms_missing, 0) as integer) as platforms_missing,
    cast(coalesce(platforms.platforms_not_verified, 0) as integer) as platforms_not_verified,
    platforms.platforms_present_list,
    platforms.platforms_missing_list,
    platforms.platforms_not_verified_list,
    cast(captures.account_days_expected as integer) as account_days_expected,
    cast(captures.account_days_captured as integer) as account_days_captured,
    case
        when captures.account_days_expected > 0
            then round(1.0 * captures.account_days_captured / captures.account_days_expected, 4)
    end as completeness,
    captures.source
from captures
left join platforms on captures.center_code = platforms.center_code and captures.month_start = platforms.month_start
