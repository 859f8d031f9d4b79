-- Grain: post that does not count under this code of its channel, because it counts under another one.
with handovers as (

    select * from {{ ref('int_accounts__handovers') }}

),

codes as (

    select distinct account_code from handovers

),

seen as (

    select
        posts.account_code,
        posts.post_id,
        posts.url,
        posts.published_date,
        posts.as_of_date
    from codes
    {{ join_of_account(ref('stg_social__posts'), 'posts', 'codes') }}
    union all
    select
        entries.account_code,
        entries.post_id,
        entries.last_post_url as url,
        entries.published_date,
        entries.as_of_date
    from codes
    {{ join_of_account(ref('int_manual_entries__accepted'), 'entries', 'codes') }}
    where entries.post_id is not null

),

posts as (

    select
        account_code,
        post_id,
        max(url) as url,
        min(published_date) as published_date
    from seen
    where as_of_date <= {{ through_date() }}
    group by account_code, post_id

)

-- A post counts under the code that held the channel when it was published, if that code shows it. A later code counts
-- what no other code shows; a code that held the channel before never counts what was published after it.
select
    posts.account_code,
    posts.post_id
from handovers
inner join posts on handovers.account_code = posts.account_code
inner join posts as others
    on
        handovers.other_account_code = others.account_code
        and (posts.post_id = others.post_id or posts.url = others.url)
        and (handovers.held_from is null or handovers.held_from <= others.published_date)
        and (handovers.held_until is null or handovers.held_until >= others.published_date)
where handovers.is_earlier
union distinct
select
    posts.account_code,
    posts.post_id
from handovers
inner join posts
    on
        handovers.account_code = posts.account_code
        and handovers.held_from <= posts.published_date
        and (handovers.held_until is null or handovers.held_until >= posts.published_date)
where not handovers.is_earlier
