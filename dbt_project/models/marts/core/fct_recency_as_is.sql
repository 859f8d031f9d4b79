{{ config(
    materialized='incremental', meta={'rebuilt_by': 'revision'},
    indexes=[{'columns': ['date_day']}, {'columns': ['account_code', 'date_day']}]
) }}
-- Grain: account × WIB date on which it is expected: the newest post as of that day, beside the one as is now.
with known as (

    select * from {{ rows_to_rebuild('revision', ref('fct_posting_recency_daily')) }} as daily

),

{% if is_incremental() %}
observations as (

    select
        to_rebuild.account_code,
        (
            select max(outcomes.date_day)
            from {{ ref('int_accounts__daily_outcomes') }} as outcomes
            where outcomes.account_code = to_rebuild.account_code and outcomes.is_observed
        ) as last_observed_date
    from {{ to_rebuild('revision') }} as to_rebuild

),

posted as (

    -- A few days are looked up day by day; for all days that would be one look-up each.
    select
        known.account_code,
        known.date_day,
        newest.published_at,
        newest.published_date,
        of_the_day.posts
    from known
    left join lateral (
        select
            periods.published_at,
            periods.published_date
        from {{ ref('int_posts__known_periods') }} as periods
        where
            periods.account_code = known.account_code
            and periods.published_at < {{ start_of_day('known.date_day + 1') }}
            and periods.counted_until is null
        order by periods.published_at desc
        limit 1
    ) as newest on true
    cross join lateral (
        select count(*) as posts
        from {{ ref('int_posts__known_periods') }} as periods
        where
            periods.account_code = known.account_code
            and periods.published_at >= {{ start_of_day('known.date_day') }}
            and periods.published_at < {{ start_of_day('known.date_day + 1') }}
            and periods.counted_until is null
    ) as of_the_day

),
{% else %}
posts as (

    -- Posts that still exist: the last observation found them.
    select
        account_code,
        published_date,
        max(published_at) as published_at,
        count(*) as posts
    from {{ ref('int_posts__known_periods') }}
    where counted_until is null
    group by account_code, published_date

),

stream as (

    select
        account_code,
        date_day,
        cast(null as {{ type_of('timestamptz') }}) as published_at,
        0 as posts,
        true as is_fact
    from known
    union all
    select
        account_code,
        published_date as date_day,
        published_at,
        posts,
        false as is_fact
    from posts

),

running as (

    -- One pass per account instead of a look-up per day.
    select
        account_code,
        date_day,
        is_fact,
        max(published_at) over (partition by account_code order by date_day) as published_at,
        sum(posts) over (partition by account_code, date_day) as posts
    from stream

),

observations as (

    select
        account_code,
        max(date_day) as last_observed_date
    from {{ ref('int_accounts__daily_outcomes') }}
    where is_observed
    group by account_code

),

posted as (

    select
        account_code,
        date_day,
        published_at,
        {{ as_of_date('published_at') }} as published_date,
        posts
    from running
    where is_fact

),
{% endif %}

centers as (

    select
        spine.center_code,
        spine.date_day,
        spine.time_zone,
        zones.time_zone_label
    from {{ ref('int_centers__daily_spine') }} as spine
    left join {{ ref('time_zones') }} as zones on spine.time_zone = zones.time_zone
    where true {{ and_since_rebuild_start('revision', 'spine.date_day') }}

),

joined as (

    select
        known.account_code,
        known.center_code,
        known.platform,
        known.date_day,
        known.last_post_at,
        known.recency_band,
        posted.published_at as last_post_at_as_is,
        {{ days_from('posted.published_date', 'known.date_day') }} as days_since_last_post_as_is,
        -- A later observation also finds what was published by this day.
        coalesce(observations.last_observed_date >= known.date_day, false) as is_observed_since,
        coalesce(posted.posts, 0) as posts_1d_as_is,
        known.posts_1d,
        centers.time_zone,
        centers.time_zone_label,
        known.source
    from known
    inner join posted on known.account_code = posted.account_code and known.date_day = posted.date_day
    left join observations on known.account_code = observations.account_code
    left join centers on known.center_code = centers.center_code and known.date_day = centers.date_day

)

select
    joined.account_code,
    joined.center_code,
    joined.platform,
    joined.date_day,
    joined.last_post_at,
    {{ local_time('joined.last_post_at', 'joined.time_zone') }} as last_post_at_local,
    joined.time_zone_label,
    joined.recency_band,
    joined.posts_1d,
    joined.last_post_at_as_is,
    {{ local_time('joined.last_post_at_as_is', 'joined.time_zone') }} as last_post_at_local_as_is,
    joined.days_since_last_post_as_is,
    {{ recency_band('joined.last_post_at_as_is', 'bands', 'joined.is_observed_since') }}
        as recency_band_as_is,
    cast(joined.posts_1d_as_is as integer) as posts_1d_as_is,
    coalesce(
        joined.last_post_at <> joined.last_post_at_as_is,
        (joined.last_post_at is null) <> (joined.last_post_at_as_is is null)
    ) as is_revised,
    joined.source
from joined
left join {{ ref('recency_bands') }} as bands
    on {{ in_recency_band('joined.days_since_last_post_as_is', 'bands') }}
