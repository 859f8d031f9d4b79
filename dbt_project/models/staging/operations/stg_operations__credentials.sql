-- Grain: account with a rotating credential; the secrets themselves cannot be read here.
select
    account_code,
    platform,
    generation,
    access_expires_at,
    refresh_expires_at,
    {{ as_of_date('refresh_expires_at') }} as refresh_expires_date,
    updated_at
from {{ source('operations', 'credentials') }}
