{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['date_day', 'recency_band', 'days_since_last_post']}]
) }}
-- Grain: account × WIB date on which it is expected.
{% set windows = var('post_count_windows') %}
{% set events_of_posts = ['arrivals'] %}
{% for days in windows %}{% do events_of_posts.append('departures_' ~ days ~ 'd') %}{% endfor %}

with outcomes as (

    select * from {{ rows_to_rebuild('account', ref('int_accounts__daily_outcomes')) }} as outcomes

),

{% if is_incremental() %}
named as (

    -- A few days are looked up post by post; for all days that would be one look-up each.
    select
        outcomes.account_code,
        outcomes.date_day,
        last.published_at as last_post_at,
        outcomes.date_day - last.published_date as days_since_last_post,
        last.post_id as last_post_id,
        last.url as last_post_url,
        {% for days in windows %}
        lately.posts_{{ days }}d,
        {% endfor %}
        1 as place
    from outcomes
    left join lateral (
        select
            periods.published_at,
            periods.published_date,
            periods.post_id,
            periods.url
        from {{ ref('int_posts__known_periods') }} as periods
        where
            periods.account_code = outcomes.account_code
            and periods.counted_from <= outcomes.date_day
            and (periods.counted_until is null or outcomes.date_day < periods.counted_until)
        order by periods.published_at desc, {{ bytewise("periods.post_id") }} desc
        limit 1
    ) as last on true
    cross join lateral (
        select
        {% for days in windows %}
            count(*) filter (where periods.published_date > outcomes.date_day - {{ days }}) as posts_{{ days }}d
            {{- ',' if not loop.last }}
        {% endfor %}
        from {{ ref('int_posts__known_periods') }} as periods
        where
            periods.account_code = outcomes.account_code
            and periods.published_at >= {{ start_of_day('outcomes.date_day - ' ~ (windows | max - 1)) }}
            and periods.counted_from <= outcomes.date_day
            and (periods.counted_until is null or outcomes.date_day < periods.counted_until)
    ) as lately

)
{% else %}
periods as (

    select * from {{ ref('int_posts__known_periods') }}

),

arrivals as (

    -- A post enters the newest ones and each of its windows on the day from which it counts ...
    select
        account_code,
        counted_from as date_day,
        {% for days in windows %}
        count(*) filter (
            where counted_from < least(counted_until, published_date + {{ days }})
        ) as posts_{{ days }}d,
        {% endfor %}
        max(case when counted_until is null then published_at end) as published_at
    from periods
    group by account_code, counted_from

),

{% for days in windows %}
departures_{{ days }}d as (

    -- ... and leaves a window when it grows too old or is gone.
    select
        account_code,
        least(counted_until, published_date + {{ days }}) as date_day,
        {% for other in windows %}
        {{ '-count(*)' if other == days else '0' }} as posts_{{ other }}d,
        {% endfor %}
        cast(null as {{ type_of('timestamptz') }}) as published_at
    from periods
    where counted_from < least(counted_until, published_date + {{ days }})
    group by account_code, least(counted_until, published_date + {{ days }})

),

{% endfor %}
stream as (

    select
        account_code,
        date_day,
        {% for days in windows %}
        0 as posts_{{ days }}d,
        {% endfor %}
        cast(null as {{ type_of('timestamptz') }}) as published_at,
        true as is_fact
    from outcomes
    {% for events in events_of_posts %}
    union all
    select
        account_code,
        date_day,
        {% for days in windows %}
        posts_{{ days }}d,
        {% endfor %}
        published_at,
        false as is_fact
    from {{ events }}
    {% endfor %}

),

running as (

    -- One pass per account instead of a look-up per day.
    select
        account_code,
        date_day,
        is_fact,
        {% for days in windows %}
        sum(posts_{{ days }}d) over until_day as posts_{{ days }}d,
        {% endfor %}
        max(published_at) over until_day as published_at
    from stream
    window until_day as (partition by account_code order by date_day)

),

since_gone as (

    -- Posts that disappeared later count while they were there; there are few of them.
    select
        outcomes.account_code,
        outcomes.date_day,
        max(periods.published_at) as published_at
    from periods
    inner join outcomes
        on
            periods.account_code = outcomes.account_code
            and periods.counted_from <= outcomes.date_day
            and periods.counted_until > outcomes.date_day
    where periods.counted_until is not null
    group by outcomes.account_code, outcomes.date_day

),

newest as (

    select
        running.*,
        greatest(running.published_at, since_gone.published_at) as last_post_at
    from running
    left join since_gone
        on running.account_code = since_gone.account_code and running.date_day = since_gone.date_day
    where running.is_fact

),

named as (

    select
        newest.*,
        {{ days_from('periods.published_date', 'newest.date_day') }} as days_since_last_post,
        periods.post_id as last_post_id,
        periods.url as last_post_url,
        row_number() over (
            partition by newest.account_code, newest.date_day order by {{ bytewise("periods.post_id") }} desc
        ) as place
    from newest
    left join periods
        on
            newest.account_code = periods.account_code
            and newest.last_post_at = periods.published_at
            and newest.date_day >= periods.counted_from
            and (periods.counted_until is null or newest.date_day < periods.counted_until)

)
{% endif %}

select
    outcomes.account_code,
    outcomes.center_code,
    outcomes.platform,
    outcomes.date_day,
    named.last_post_at,
    named.last_post_id,
    named.last_post_url,
    named.days_since_last_post,
    {{ recency_band('named.last_post_at', 'bands', 'outcomes.is_observed') }} as recency_band,
    {% for days in windows %}
    cast(named.posts_{{ days }}d as integer) as posts_{{ days }}d,
    {% endfor %}
    outcomes.is_observed,
    outreach.last_post_at as last_outreach_post_at,
    outcomes.source
from named
inner join outcomes on named.account_code = outcomes.account_code and named.date_day = outcomes.date_day
left join {{ ref('int_accounts__daily_recency_by_scope') }} as outreach
    on
        named.account_code = outreach.account_code
        and named.date_day = outreach.date_day
        and outreach.scope = 'outreach_post'
{{ and_since_rebuild_start('account', 'outreach.date_day') }}
left join {{ ref('recency_bands') }} as bands on {{ in_recency_band('named.days_since_last_post', 'bands') }}
where named.place = 1
