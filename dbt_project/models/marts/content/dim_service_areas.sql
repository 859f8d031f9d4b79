-- Grain: center × area × dated row.
select
    areas.center_code,
    areas.regency,
    areas.province_iso,
    areas.valid_from,
    areas.valid_to,
    coalesce({{ is_valid_on('areas', through_date()) }}, false) as is_current,
    areas.source_mark
from {{ ref('stg_registry__service_areas') }} as areas
