-- Grain: center × area × dated row.
select
    center_code,
    regency,
    province_iso,
    valid_from,
    valid_to,
    source_mark
from {{ ref('service_areas') }}
