{{ config(
    materialized='incremental', meta={'rebuilt_by': 'center', 'rebuilt_unit': 'month'},
    indexes=[{'columns': ['month_start']}, {'columns': ['center_code', 'month_start']}]
) }}
-- Grain: center × programme × month; as known at the month's end, or on the last reporting day.
with months as (

    select
        month_start,
        max(date_day) as known_on_date
    from {{ ref('int_dates__reporting') }}
    group by month_start

),

counted as (

    select
        accounts.center_code,
        months.month_start,
        scopes.scope,
        count(*) as posts,
        count(distinct accounts.platform) as platforms
    from months
    inner join {{ ref('int_posts__known_periods') }} as periods
        on
            months.month_start = {{ month_start('periods.published_date') }}
            and months.known_on_date >= periods.counted_from
            and (periods.counted_until is null or months.known_on_date < periods.counted_until)
    {{ and_since_rebuild_start('center', 'periods.published_date', unit='month') }}
    inner join {{ ref('int_accounts__months') }} as accounts
        on
            periods.account_code = accounts.account_code
            and periods.center_code = accounts.center_code
            and months.month_start = accounts.month_start
    {{ join_to_rebuild('center', 'accounts.center_code', 'accounts.month_start', unit='month') }}
    {{ join_of_post(ref('int_posts__scopes'), 'scopes', 'periods') }}
    where not accounts.is_in_doubt
    group by accounts.center_code, months.month_start, scopes.scope

),

silences as (

    select
        recency.center_code,
        recency.scope,
        {{ month_start('recency.date_day') }} as month_start,
        min(recency.date_day) as first_silent_date
    from {{ ref('int_centers__daily_recency_by_scope') }} as recency
    {{ join_to_rebuild('center', 'recency.center_code', 'recency.date_day', unit='month') }}
    where recency.recency_band = 'silent'
    group by recency.center_code, recency.scope, {{ month_start('recency.date_day') }}

),

joined as (

    select
        recency.center_code,
        programs.program,
        months.month_start,
        months.known_on_date,
        coalesce(counted.posts, 0) as posts,
        coalesce(counted.platforms, 0) as platforms,
        recency.last_post_at,
        recency.last_post_url,
        silences.first_silent_date,
        recency.recency_band,
        recency.accounts_expected,
        recency.accounts_not_observed,
        coalesce(unread.posts, 0) as posts_unread,
        centers.source
    from months
    inner join {{ ref('int_centers__daily_recency_by_scope') }} as recency on months.known_on_date = recency.date_day
    {{ join_to_rebuild('center', 'recency.center_code', 'recency.date_day', unit='month') }}
    inner join {{ ref('programs') }} as programs on recency.scope = 'program:' || programs.program
    inner join {{ ref('fct_center_daily') }} as centers
        on recency.center_code = centers.center_code and recency.date_day = centers.date_day
    {{ and_since_rebuild_start('center', 'centers.date_day', unit='month') }}
    left join counted
        on
            recency.center_code = counted.center_code
            and months.month_start = counted.month_start
            and recency.scope = counted.scope
    left join counted as unread
        on
            recency.center_code = unread.center_code
            and months.month_start = unread.month_start
            and unread.scope = 'unread:program'
    left join silences
        on
            recency.center_code = silences.center_code
            and months.month_start = silences.month_start
            and recency.scope = silences.scope

)

select
    center_code,
    program,
    month_start,
    known_on_date,
    cast(posts as integer) as posts,
    cast(platforms as integer) as platforms,
    last_post_at,
    last_post_url,
    first_silent_date,
    recency_band,
    -- Not finding a post means nothing where an account was not observed or a caption not read.
    case
        when posts > 0 then 'covered'
        when accounts_expected = 0 then 'no_verified_account'
        when accounts_not_observed > 0 or posts_unread > 0 then 'unknown'
        else 'not_covered'
    end as coverage_state,
    cast(posts_unread as integer) as posts_unread,
    source
from joined
