-- Grain: campaign.
select
    campaign_code,
    title as campaign_title,
    starts_at,
    {{ as_of_date('starts_at') }} as start_date,
    ends_at,
    -- Lists in a cell are separated by semicolons, with or without a blank behind.
    {{ split_list('required_platforms') }} as required_platforms,
    {{ split_list('exempt_centers') }} as exempt_centers,
    program,
    {{ split_list('clusters') }} as clusters
from {{ ref('campaigns') }}
