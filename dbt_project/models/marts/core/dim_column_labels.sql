-- Grain: column name of the marts.
select
    column_name,
    label_id,
    label_en
from {{ ref('column_labels') }}
