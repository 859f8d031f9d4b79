{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[{'columns': ['account_code', 'date_day'], 'unique': true}, {'columns': ['date_day']}]
) }}
-- Grain: account × WIB date on which its identity is in doubt: it did not match and was not confirmed since.
with mismatches as (

    select
        account_code,
        as_of_date,
        attempted_at
    from {{ ref('stg_social__capture_outcomes') }}
    where outcome = 'identity_mismatch'

),

stream as (

    -- Days and mismatches in one stream: a year in doubt then costs one pass, not a join of all days with all days.
    select
        spine.account_code,
        spine.date_day,
        cast(null as {{ type_of('timestamptz') }}) as mismatched_at,
        true as is_fact
    from {{ ref('int_accounts__daily_spine') }} as spine
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}
    where spine.account_code in (select mismatches.account_code from mismatches)
    union all
    select
        account_code,
        as_of_date as date_day,
        attempted_at as mismatched_at,
        false as is_fact
    from mismatches

),

running as (

    select
        account_code,
        date_day,
        is_fact,
        max(mismatched_at) over (partition by account_code order by date_day) as mismatched_at
    from stream

),

doubted as (

    select
        account_code,
        date_day,
        mismatched_at
    from running
    where is_fact and mismatched_at is not null

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
