{{ config(indexes=[{'columns': ['account_code', 'post_id'], 'unique': true}]) }}
-- Grain: post that an incremental build rebuilds: it was observed, or entered manually, on a day to rebuild.
with entered as (

    select addresses.account_code
    from {{ ref('stg_social__entered_addresses') }} as addresses
    inner join
        {{ to_rebuild('account') }} as to_rebuild
        on {{ is_to_rebuild('account', 'addresses.account_code', 'addresses.as_of_date') }}
    group by addresses.account_code

),

found as (

    select
        posts.account_code,
        posts.post_id
    from {{ ref('stg_social__posts') }} as posts
    inner join {{ to_rebuild('account') }} as to_rebuild
        on {{ is_to_rebuild('account', 'posts.account_code', 'posts.captured_at', unit='instant') }}
    union
    -- An earlier version of an entry may name another post, or the same post by another id: take all of the account's.
    select
        posts.account_code,
        posts.post_id
    from entered
    cross join
        lateral (
            select seen.*
            from {{ ref('stg_social__posts') }} as seen
            where seen.account_code = entered.account_code
            offset 0
        ) as posts
    union
    select
        addresses.account_code,
        addresses.post_id
    from {{ ref('stg_social__entered_addresses') }} as addresses
    inner join entered on addresses.account_code = entered.account_code

)

select
    found.account_code,
    found.post_id,
    -- raw is searched for the post from this instant on; NULL when it is known only from a manual entry.
    (
        select min(seen.captured_at)
        from {{ ref('stg_social__posts') }} as seen
        where seen.account_code = found.account_code and seen.post_id = found.post_id
    ) as first_seen_at
from found
