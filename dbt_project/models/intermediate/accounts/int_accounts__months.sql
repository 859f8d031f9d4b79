{{ config(
    materialized='incremental',
    meta={'rebuilt_by': 'account', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['account_code', 'month_start']}, {'columns': ['center_code', 'month_start']}]
) }}
-- Grain: account × center × month in which the account was expected at that center and the center existed. Whether the
-- account is in doubt is judged on the last such date: a row that stays open after its center ended adds no date.
with months as (

    select
        spine.account_code,
        spine.center_code,
        spine.platform,
        spine.month_start,
        max(spine.date_day) as last_date
    from {{ ref('int_accounts__daily_spine') }} as spine
    inner join {{ ref('int_centers__months') }} as center_months
        on
            spine.center_code = center_months.center_code
            and spine.month_start = center_months.month_start
            and spine.date_day between center_months.first_date and center_months.known_on_date
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day', unit='month') }}
    group by spine.account_code, spine.center_code, spine.platform, spine.month_start

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
{{ and_since_rebuild_start('account', 'suspensions.date_day', unit='month') }}
