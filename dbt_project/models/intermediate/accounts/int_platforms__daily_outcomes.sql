{{ config(materialized='incremental', meta={'rebuilt_by': 'date'}, indexes=[{'columns': ['date_day']}]) }}
-- Grain: platform × WIB date on which an account is expected there: expected and captured accounts, source.
select
    platform,
    date_day,
    cast(count(*) as integer) as accounts_expected,
    cast(count(*) filter (where is_captured) as integer) as accounts_captured,
    max(source) as source
from {{ rows_to_rebuild('date', ref('int_accounts__daily_outcomes')) }} as outcomes
group by platform, date_day
