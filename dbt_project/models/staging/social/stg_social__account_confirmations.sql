-- Grain: account × confirmation by a person that the account belongs to the center.
select
    account_code,
    confirmed_at,
    {{ as_of_date('confirmed_at') }} as as_of_date
from {{ source('account_life', 'account_confirmations') }}
