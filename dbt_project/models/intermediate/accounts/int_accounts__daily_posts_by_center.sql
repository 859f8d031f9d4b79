{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['account_code', 'date_day']}, {'columns': ['center_code', 'date_day']}]
) }}
-- Grain: account that changed its center × center that owned it at publication × WIB date × scope: its posts there. The
-- posts of other accounts belong to one center, and the recency of the account is the center's.
with moved as (

    select distinct account_code
    from {{ ref('stg_registry__center_accounts') }}
    where has_moved

),

spine as (

    select
        spine.account_code,
        spine.platform,
        spine.date_day
    from {{ ref('int_accounts__daily_spine') }} as spine
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}
    inner join moved on spine.account_code = moved.account_code

),

periods as (

    select
        posts.account_code,
        posts.center_code,
        'any_post' as scope,
        posts.post_id,
        posts.url,
        posts.published_at,
        posts.published_date,
        posts.counted_from,
        posts.counted_until
    from moved
    {{ join_of_account(ref('int_posts__known_periods'), 'posts', 'moved') }}
    union all
    select
        posts.account_code,
        posts.center_code,
        posts.scope,
        posts.post_id,
        posts.url,
        posts.published_at,
        posts.published_date,
        posts.counted_from,
        posts.counted_until
    from moved
    {{ join_of_account(ref('int_posts__scope_periods'), 'posts', 'moved') }}

),

known as (

    select
        spine.account_code,
        periods.center_code,
        spine.platform,
        spine.date_day,
        periods.scope,
        periods.published_at,
        periods.url,
        {{ days_from('periods.published_date', 'spine.date_day') }} as days_since,
        row_number() over (
            partition by spine.account_code, periods.center_code, spine.date_day, periods.scope
            order by periods.published_at desc, {{ bytewise("periods.post_id") }} desc
        ) as place
    from spine
    inner join periods
        on
            spine.account_code = periods.account_code
            and spine.date_day >= periods.counted_from
            and (periods.counted_until is null or spine.date_day < periods.counted_until)

)

select
    account_code,
    center_code,
    platform,
    date_day,
    scope,
    max(published_at) as last_post_at,
    max(case when place = 1 then url end) as last_post_url,
    min(days_since) as days_since_last_post,
    cast(count(*) filter (where days_since < 7) as integer) as posts_7d,
    cast(count(*) filter (where days_since < 30) as integer) as posts_30d
from known
group by account_code, center_code, platform, date_day, scope
