-- Grain: account × WIB date whose latest listing of posts was not believed when it was read.
select
    account_code,
    run_date as as_of_date,
    listed_at,
    detail,
    known_count
from {{ source('listings', 'doubted_listings') }}
