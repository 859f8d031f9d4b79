-- Grain: account × dated row.
select
    accounts.account_code,
    accounts.center_code,
    accounts.platform,
    accounts.platform_account_id,
    accounts.handle,
    accounts.url,
    accounts.status,
    accounts.valid_from,
    accounts.valid_to,
    coalesce({{ is_valid_on('accounts', through_date()) }}, false) as is_current
from {{ ref('stg_registry__center_accounts') }} as accounts
