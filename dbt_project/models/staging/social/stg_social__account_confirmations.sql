-- Grain: account × confirmation: a person's word that an account is the center's own again.
select
    account_code,
    confirmed_at,
    {{ as_of_date('confirmed_at') }} as as_of_date
from {{ source('account_life', 'account_confirmations') }}
