{{ config(indexes=[{'columns': ['account_code', 'post_id'], 'unique': true}]) }}
-- Grain: post that a build of changes has to touch: it was seen, or entered by hand, on a day that is built anew.
with entered as (

    select addresses.account_code
    from {{ ref('stg_social__entered_addresses') }} as addresses
    inner join
        {{ reopened_by('account') }} as reopened
        on {{ is_reopened('account', 'addresses.account_code', 'addresses.as_of_date') }}
    group by addresses.account_code

)

select
    posts.account_code,
    posts.post_id
from {{ ref('stg_social__posts') }} as posts
inner join {{ reopened_by('account') }} as reopened
    on {{ is_reopened('account', 'posts.account_code', 'posts.captured_at', is_instant=true) }}
union
-- Another version of an entry may have named another post, or the same one by another id: all of the account's.
select
    posts.account_code,
    posts.post_id
from {{ ref('stg_social__posts') }} as posts
inner join entered on posts.account_code = entered.account_code
union
select
    addresses.account_code,
    addresses.post_id
from {{ ref('stg_social__entered_addresses') }} as addresses
inner join entered on addresses.account_code = entered.account_code
