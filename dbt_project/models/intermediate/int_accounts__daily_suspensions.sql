{{ config(
    materialized='incremental', meta={'reopened_by': 'account'},
    indexes=[{'columns': ['account_code', 'date_day'], 'unique': true}]
) }}
-- Grain: account × WIB date on which its identity stands in doubt: it did not match, and nobody has confirmed it since.
with mismatches as (

    select
        account_code,
        as_of_date,
        attempted_at
    from {{ ref('stg_social__capture_outcomes') }}
    where outcome = 'identity_mismatch'

),

doubted as (

    select
        spine.account_code,
        spine.date_day,
        max(mismatches.attempted_at) as mismatched_at
    from {{ ref('int_accounts__daily_spine') }} as spine
    inner join mismatches
        on spine.account_code = mismatches.account_code and spine.date_day >= mismatches.as_of_date
    {{ only_reopened('account', 'spine.account_code', 'spine.date_day') }}
    group by spine.account_code, spine.date_day

),

confirmed as (

    select
        doubted.account_code,
        doubted.date_day,
        max(confirmations.confirmed_at) as confirmed_at
    from doubted
    inner join {{ ref('stg_social__account_confirmations') }} as confirmations
        on doubted.account_code = confirmations.account_code and doubted.date_day >= confirmations.as_of_date
    group by doubted.account_code, doubted.date_day

)

select
    doubted.account_code,
    doubted.date_day,
    doubted.mismatched_at
from doubted
left join confirmed on doubted.account_code = confirmed.account_code and doubted.date_day = confirmed.date_day
where confirmed.confirmed_at is null or confirmed.confirmed_at < doubted.mismatched_at
