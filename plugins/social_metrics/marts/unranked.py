"""The query of the unranked centers and accounts of one date; every `%s` takes the date."""

from typing import LiteralString

UNRANKED: LiteralString = """
with centers as (
    -- An account of a closed center may still be expected: it is listed under the center's last name.
    select distinct on (center_code) center_code, center_name, time_zone, time_zone_label
    from marts.dim_centers
    order by center_code, %s between coalesce(valid_from, '-infinity') and coalesce(valid_to, 'infinity') desc,
        valid_from desc nulls last
), found as (
    select case when recency_band = 'silent' then 'silent'
            when recency_band = 'never' then 'never_posted' else 'recency_unknown' end as kind,
        center_code, null as platform, null as account_code,
        case when recency_band = 'unknown' then coalesce(unranked_reason, 'not_observed') else recency_band end
            as reason,
        null as detail, null as next_step, last_post_at, days_since_last_post, null::integer as capture_age_days,
        null as known_value, null as seen_value
    from marts.leaderboard_recency
    where date_day = %s and scope = 'any_post' and recency_band in ('silent', 'never', 'unknown')
    union all
    select 'without_number', center_code, null, null, unranked_reason, null, null, null, null, null, null, null
    from marts.leaderboard_followers
    where date_day = %s and scope = 'all_platforms' and not is_ranked
    union all
    select case when e.is_expected then 'not_captured'
            when e.outcome = 'not_yet_verified' then 'not_yet_verified' else 'no_account' end,
        e.center_code, e.platform, e.account_code, e.outcome, e.detail, e.next_step, null, null, g.capture_age_days,
        null, null
    from marts.fct_capture_completeness as e
    left join marts.fct_follower_growth_daily as g using (account_code, date_day)
    where e.date_day = %s and not e.is_captured
    union all
    select 'count_withheld', center_code, platform, account_code, followers_state, null, null, null, null,
        capture_age_days, null, null
    from marts.fct_follower_growth_daily
    where date_day = %s and followers_state <> 'reported'
    union all
    select f.finding, f.center_code, f.platform, f.account_code, f.finding, null, null, null, null,
        g.capture_age_days, f.known_value, f.seen_value
    from marts.fct_account_findings as f
    left join marts.fct_follower_growth_daily as g using (account_code, date_day)
    where f.date_day = %s
)
select found.kind, found.center_code, centers.center_name, centers.time_zone, centers.time_zone_label,
    found.platform, platforms.platform_label, found.account_code, found.reason, found.detail, found.next_step,
    found.last_post_at, found.days_since_last_post, found.capture_age_days, found.known_value, found.seen_value
from found
join centers using (center_code)
left join marts.dim_platforms as platforms using (platform)
order by array_position(
        array['identity_mismatch', 'silent', 'never_posted', 'recency_unknown', 'without_number', 'not_captured',
            'count_withheld', 'manual_waiting', 'manual_differs', 'renamed', 'no_account', 'not_yet_verified',
            'under_review'], found.kind),
    found.days_since_last_post desc nulls last, centers.center_name, platforms.platform_label
"""
