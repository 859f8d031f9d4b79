-- Grain: call.
select
    response_id,
    platform,
    credential,
    endpoint,
    spent_at,
    {{ as_of_date('spent_at') }} as as_of_date,
    calls,
    quota_units,
    usd
from {{ source('operations', 'spend_ledger') }}
