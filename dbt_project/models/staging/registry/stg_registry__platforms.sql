-- Grain: platform.
select
    platform,
    platform_label,
    followers_label_id,
    required_from,
    required_until,
    quota_day_zone,
    daily_call_limit,
    daily_quota_limit,
    daily_usd_limit,
    monthly_usd_limit
from {{ ref('platforms') }}
