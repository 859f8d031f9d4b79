-- Grain: platform.
select
    platform,
    platform_label,
    followers_label_id,
    required_from,
    required_until
from {{ ref('platforms') }}
