-- Grain: campaign × center that existed on the campaign's first day.
with campaigns as (

    select
        campaigns.*,
        {{ as_of_date('campaigns.ends_at') }} as end_date,
        {{ through_date() }} as last_day
    from {{ ref('stg_registry__campaigns') }} as campaigns

),

accounts as (

    -- The accounts expected on any day of the campaign, and whether they were observed after its end.
    select
        campaigns.campaign_code,
        spine.account_code,
        spine.center_code,
        spine.platform,
        bool_or(outcomes.is_observed) as is_observed,
        max(outcomes.source) as source
    from campaigns
    inner join {{ ref('int_accounts__daily_spine') }} as spine
        on campaigns.start_date <= spine.date_day and campaigns.end_date >= spine.date_day
    left join {{ ref('int_accounts__daily_outcomes') }} as outcomes
        on
            spine.account_code = outcomes.account_code
            and outcomes.date_day >= least(campaigns.end_date, campaigns.last_day)
    group by campaigns.campaign_code, spine.account_code, spine.center_code, spine.platform

),

candidates as (

    select distinct
        periods.account_code,
        periods.post_id
    from accounts
    inner join campaigns on accounts.campaign_code = campaigns.campaign_code
    inner join {{ ref('int_posts__known_periods') }} as periods
        on
            accounts.account_code = periods.account_code
            and {{ is_during('campaigns', 'periods.published_at') }}

),

posts as (

    -- A post that disappeared later counts as well.
    select
        periods.account_code,
        periods.post_id,
        min(periods.published_at) as published_at,
        {{ first_by('periods.center_code', 'periods.published_at') }} as center_code
    from candidates
    inner join {{ ref('int_posts__known_periods') }} as periods
        on candidates.account_code = periods.account_code and candidates.post_id = periods.post_id
    group by periods.account_code, periods.post_id

),

in_time as (

    select
        accounts.campaign_code,
        accounts.center_code,
        accounts.platform,
        posts.published_at,
        tags.post_id is not null as is_of_campaign,
        -- A caption that was not read, or read before the campaign was known, may belong to the campaign.
        coalesce(reads.reading_state, 'unread') <> 'no_words'
        and not coalesce({{ is_in_list('accounts.campaign_code', split_list('reads.campaign_codes')) }}, false)
            as is_unread
    from accounts
    inner join campaigns on accounts.campaign_code = campaigns.campaign_code
    inner join posts
        on
            accounts.account_code = posts.account_code
            and accounts.center_code = posts.center_code
            and {{ is_during('campaigns', 'posts.published_at') }}
    left join {{ ref('int_posts__caption_reads') }} as reads
        on posts.account_code = reads.account_code and posts.post_id = reads.post_id
    left join {{ ref('int_posts__tags') }} as tags
        on
            posts.account_code = tags.account_code
            and posts.post_id = tags.post_id
            and tags.tag_kind = 'campaign'
            and accounts.campaign_code = tags.tag
            and tags.tag_state = 'tagged'

),

per_center as (

    select
        campaign_code,
        center_code,
        min(published_at) filter (where is_of_campaign) as first_post_at,
        count(*) filter (where is_of_campaign) as posts,
        count(*) filter (where is_unread and not is_of_campaign) as posts_unread,
        {{ listed_values('platform', 'is_of_campaign') }} as platforms_posted
    from in_time
    group by campaign_code, center_code

),

observations as (

    select
        campaign_code,
        center_code,
        count(*) as accounts_expected,
        count(*) filter (where not coalesce(is_observed, false)) as accounts_not_observed,
        max(source) as source
    from accounts
    group by campaign_code, center_code

),

joined as (

    select
        campaigns.*,
        centers.center_code,
        centers.center_name,
        per_center.first_post_at,
        coalesce(per_center.posts, 0) as posts,
        coalesce(per_center.posts_unread, 0) as posts_unread,
        per_center.platforms_posted,
        coalesce(observations.accounts_expected, 0) as accounts_expected,
        coalesce(observations.accounts_not_observed, 0) as accounts_not_observed,
        observations.source,
        coalesce({{ is_in_list('centers.center_code', 'campaigns.exempt_centers') }}, false) as is_exempt
    from campaigns
    inner join {{ ref('stg_registry__centers') }} as centers on {{ is_valid_on('centers', 'campaigns.start_date') }}
    left join per_center
        on campaigns.campaign_code = per_center.campaign_code and centers.center_code = per_center.center_code
    left join observations
        on campaigns.campaign_code = observations.campaign_code and centers.center_code = observations.center_code

),

judged as (

    select
        *,
        {{ list_without('required_platforms', 'platforms_posted') }} as platforms_missing,
        case
            when is_exempt then 'exempt'
            when first_post_at <= starts_at + interval '24 hours' then 'within_24_hours'
            when first_post_at <= starts_at + interval '48 hours' then 'within_48_hours'
            when first_post_at is not null then 'later'
            when start_date > last_day then 'not_started'
            when accounts_expected = 0 then 'no_verified_account'
            when posts_unread > 0 or accounts_not_observed > 0 then 'unknown'
            when end_date >= last_day then 'not_yet'
            else 'never'
        end as synchrony_state
    from joined

)

select
    campaign_code,
    center_code,
    center_name,
    campaign_title,
    program,
    starts_at,
    ends_at,
    is_exempt,
    first_post_at,
    round({{ hours_from('starts_at', 'first_post_at') }}, 2) as delay_hours,
    case
        when first_post_at is not null then first_post_at <= starts_at + interval '24 hours'
        when synchrony_state = 'never' then false
    end as is_within_24_hours,
    case
        when first_post_at is not null then first_post_at <= starts_at + interval '48 hours'
        when synchrony_state = 'never' then false
    end as is_within_48_hours,
    synchrony_state,
    cast(posts as integer) as posts,
    cast(coalesce({{ list_length('platforms_posted') }}, 0) as integer) as platforms,
    {{ joined_list('platforms_posted', ', ') }} as platforms_posted,
    nullif({{ joined_list('platforms_missing', ', ') }}, '') as platforms_missing,
    cast(posts_unread as integer) as posts_unread,
    cast(accounts_not_observed as integer) as accounts_not_observed,
    source
from judged
