{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['account_code', 'day_no'], 'unique': true}, {'columns': ['date_day']}]
) }}
-- Grain: account × WIB date on which the registry lists it as verified, captured or not.
select
    accounts.account_code,
    accounts.center_code,
    accounts.platform,
    days.date_day,
    days.day_no,
    days.month_start,
    days.year_start
from {{ ref('int_dates__reporting') }} as days
inner join {{ ref('stg_registry__center_accounts') }} as accounts
    on {{ is_valid_on('accounts', 'days.date_day') }}
inner join {{ ref('account_statuses') }} as statuses
    on accounts.status = statuses.status and statuses.is_expected
{{ join_to_rebuild('account', 'accounts.account_code', 'days.date_day') }}
