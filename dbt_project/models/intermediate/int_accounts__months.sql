{{ config(indexes=[{'columns': ['account_code', 'month_start']}]) }}
-- Grain: account × center × month in which it was expected there; whose it is, is judged on the last such date.
with months as (

    select
        account_code,
        center_code,
        platform,
        month_start,
        max(date_day) as last_date
    from {{ ref('int_accounts__daily_spine') }}
    group by account_code, center_code, platform, month_start

)

select
    months.account_code,
    months.center_code,
    months.platform,
    months.month_start,
    months.last_date,
    suspensions.account_code is not null as is_in_doubt
from months
left join {{ ref('int_accounts__daily_suspensions') }} as suspensions
    on months.account_code = suspensions.account_code and months.last_date = suspensions.date_day
