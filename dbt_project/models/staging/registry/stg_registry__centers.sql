-- Grain: center × dated row.
select
    center_code,
    center_name,
    center_type,
    city,
    province,
    province_iso,
    time_zone,
    verification_mark,
    legacy_focus,
    valid_from,
    valid_to
from {{ ref('centers') }}
