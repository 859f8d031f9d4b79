-- Grain: campaign.
select
    campaign_code,
    title as campaign_title,
    starts_at,
    {{ as_of_date('starts_at') }} as start_date,
    ends_at,
    -- Lists in a cell are separated by semicolons, with or without a blank behind.
    regexp_split_to_array(nullif(trim(required_platforms), ''), '\s*;\s*') as required_platforms,
    regexp_split_to_array(nullif(trim(exempt_centers), ''), '\s*;\s*') as exempt_centers,
    program,
    regexp_split_to_array(nullif(trim(clusters), ''), '\s*;\s*') as clusters
from {{ ref('campaigns') }}
