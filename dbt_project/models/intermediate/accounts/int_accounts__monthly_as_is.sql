{{ config(
    materialized='incremental', meta={'rebuilt_by': 'revision', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['center_code', 'month_start']}, {'columns': ['account_code', 'month_start']}]
) }}
-- Grain: account × center × month: the posts of the month as is now; posts may be found or disappear later.
select
    accounts.account_code,
    accounts.center_code,
    accounts.month_start,
    count(*) as posts_as_is
from {{ ref('int_accounts__months') }} as accounts
{{ join_to_rebuild('revision', 'accounts.account_code', 'accounts.month_start', unit='month') }}
inner join {{ ref('int_centers__months') }} as months
    on accounts.center_code = months.center_code and accounts.month_start = months.month_start
inner join {{ ref('int_posts__known_periods') }} as periods
    on
        accounts.account_code = periods.account_code
        and accounts.center_code = periods.center_code
        and accounts.month_start = {{ month_start('periods.published_date') }}
        and months.known_on_date >= periods.published_date
{{ and_since_rebuild_start('revision', 'periods.published_date', unit='month') }}
where periods.counted_until is null and not accounts.is_in_doubt
group by accounts.account_code, accounts.center_code, accounts.month_start
