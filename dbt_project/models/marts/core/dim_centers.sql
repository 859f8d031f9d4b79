{{ config(post_hook="{{ index_unique('center_code', 'is_current') }}") }}
-- Grain: center × dated row; one row of a center is current, and boards look names up by the index on it.
select
    centers.center_code,
    centers.center_name,
    centers.center_type,
    centers.city,
    centers.province,
    centers.province_iso,
    centers.time_zone,
    zones.time_zone_label,
    centers.verification_mark,
    centers.valid_from,
    centers.valid_to,
    coalesce({{ is_valid_on('centers', through_date()) }}, false) as is_current
from {{ ref('stg_registry__centers') }} as centers
left join {{ ref('time_zones') }} as zones on centers.time_zone = zones.time_zone
