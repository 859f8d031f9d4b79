{{ config(materialized='incremental', meta={'rebuilt_by': 'date'}, indexes=[{'columns': ['date_day']}]) }}
-- Grain: platform × WIB date on which an account there is expected.
select
    platform,
    date_day,
    cast(sum(accounts_expected) as integer) as accounts_expected,
    cast(sum(accounts_read) as integer) as accounts_read,
    cast(sum(change_7d) as bigint) as change_7d,
    cast(sum(change_7d_low) as bigint) as change_7d_low,
    cast(sum(change_7d_high) as bigint) as change_7d_high,
    cast(sum(change_7d_accounts) as integer) as change_7d_accounts,
    cast(sum(definition_breaks) as integer) as definition_breaks,
    max(source) as source
from {{ rows_to_rebuild('date', ref('fct_center_platform_daily')) }} as centers
group by platform, date_day
