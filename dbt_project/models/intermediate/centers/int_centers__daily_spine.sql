{{ config(
    materialized='incremental', meta={'rebuilt_by': 'center'},
    indexes=[{'columns': ['date_day']}, {'columns': ['center_code', 'date_day']}]
) }}
-- Grain: center × WIB date on which it exists.
select
    centers.center_code,
    centers.center_name,
    centers.time_zone,
    days.date_day,
    days.day_no
from {{ ref('int_dates__reporting') }} as days
inner join {{ ref('stg_registry__centers') }} as centers
    on {{ is_valid_on('centers', 'days.date_day') }}
{{ join_to_rebuild('center', 'centers.center_code', 'days.date_day') }}
