-- Grain: account with a rotating credential, as of the last reporting day.
with aged as (

    select
        credentials.*,
        accounts.center_code,
        {{ through_date() }} as as_of_date
    from {{ ref('stg_operations__credentials') }} as credentials
    left join {{ ref('stg_registry__center_accounts') }} as accounts
        on
            credentials.account_code = accounts.account_code
            and {{ is_owner_on('accounts', through_date()) }}

)

select
    account_code,
    center_code,
    platform,
    as_of_date,
    generation,
    access_expires_at,
    refresh_expires_at,
    {{ days_from('as_of_date', 'refresh_expires_date') }} as days_left,
    case
        when refresh_expires_date is null then 'unknown'
        when refresh_expires_date < as_of_date then 'expired'
        when {{ days_from('as_of_date', 'refresh_expires_date') }} <= {{ var('credential_warning_days') }}
            then 'renew_soon'
        else 'valid'
    end as credential_status,
    updated_at
from aged
