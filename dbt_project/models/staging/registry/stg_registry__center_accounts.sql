-- Grain: account × dated row.
select
    account_code,
    center_code,
    platform,
    platform_account_id,
    handle,
    url,
    owner_unit,
    contact_role,
    status,
    verified_by,
    verified_at,
    evidence_ref,
    review_due_at,
    valid_from,
    valid_to
from {{ ref('center_accounts') }}
