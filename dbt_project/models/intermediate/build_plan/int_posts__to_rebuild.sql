{{ config(indexes=[{'columns': ['account_code', 'post_id'], 'unique': true}]) }}
-- Grain: post that a build of changes has to touch: it was seen, or entered by hand, on a day that is built anew.
with entered as (

    select addresses.account_code
    from {{ ref('stg_social__entered_addresses') }} as addresses
    inner join
        {{ reopened_by('account') }} as reopened
        on {{ is_reopened('account', 'addresses.account_code', 'addresses.as_of_date') }}
    group by addresses.account_code

),

found as (

    select
        posts.account_code,
        posts.post_id
    from {{ ref('stg_social__posts') }} as posts
    inner join {{ reopened_by('account') }} as reopened
        on {{ is_reopened('account', 'posts.account_code', 'posts.captured_at', unit='instant') }}
    union
    -- Another version of an entry may have named another post, or the same one by another id: all of the account's.
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
    -- From here on raw has to be looked through for it; NULL when only people have seen it.
    (
        select min(seen.captured_at)
        from {{ ref('stg_social__posts') }} as seen
        where seen.account_code = found.account_code and seen.post_id = found.post_id
    ) as first_seen_at
from found
