{{ config(severity='warn') }}
-- No mart has an account of raw whose row was removed from the registry.
with captured as (

    select account_code from {{ ref('stg_social__capture_outcomes') }}
    union
    select account_code from {{ ref('stg_social__posts') }}

)

select captured.account_code
from captured
left join {{ ref('stg_registry__center_accounts') }} as accounts on captured.account_code = accounts.account_code
where accounts.account_code is null
