{{ config(
    materialized='incremental', meta={'rebuilt_by': 'center'}, indexes=[
        {'columns': ['date_day']}, {'columns': ['is_captured', 'date_day']}, {'columns': ['center_code', 'date_day']}
    ]
) }}
-- Grain: account × WIB date: expected accounts, and required platforms on which a center has none verified.
with expected as (

    select outcomes.*
    from {{ ref('int_accounts__daily_outcomes') }} as outcomes
    {{ join_to_rebuild('center', 'outcomes.center_code', 'outcomes.date_day') }}

),

required as (

    select
        centers.center_code,
        centers.date_day,
        platforms.platform
    from {{ ref('int_centers__daily_spine') }} as centers
    inner join {{ ref('stg_registry__platforms') }} as platforms
        on
            centers.date_day >= platforms.required_from
            and (platforms.required_until is null or centers.date_day <= platforms.required_until)
    {{ join_to_rebuild('center', 'centers.center_code', 'centers.date_day') }}

),

lacking as (

    select
        required.center_code,
        required.date_day,
        required.platform
    from required
    left join expected
        on
            required.center_code = expected.center_code
            and required.platform = expected.platform
            and required.date_day = expected.date_day
    where expected.account_code is null

),

candidates as (

    -- Without any row in the registry it is unknown whether there is an account; that is not a known absence.
    select
        lacking.center_code,
        lacking.platform,
        lacking.date_day,
        -- The code that an account would have; an account of that code may have moved to another center.
        coalesce(
            accounts.account_code, moved.account_code || '-none', lacking.center_code || '-' || lacking.platform
        ) as account_code,
        coalesce(statuses.outcome, 'not_yet_verified') as outcome,
        row_number() over (
            partition by lacking.center_code, lacking.platform, lacking.date_day
            order by statuses.precedence nulls last, {{ bytewise("accounts.account_code") }}
        ) as place
    from lacking
    left join {{ ref('stg_registry__center_accounts') }} as accounts
        on
            lacking.center_code = accounts.center_code
            and lacking.platform = accounts.platform
            and {{ is_valid_on('accounts', 'lacking.date_day') }}
    left join {{ ref('account_statuses') }} as statuses on accounts.status = statuses.status
    left join {{ ref('stg_registry__center_accounts') }} as moved
        on
            lacking.center_code <> moved.center_code
            and lacking.center_code || '-' || lacking.platform = moved.account_code
            and {{ is_owner_on('moved', 'lacking.date_day') }}

)

select
    expected.center_code,
    expected.platform,
    expected.account_code,
    expected.date_day,
    true as is_expected,
    expected.outcome,
    expected.detail,
    expected.next_step,
    expected.attempts,
    expected.last_attempted_at,
    expected.is_captured,
    expected.retry_at,
    expected.source
from expected
union all
select
    candidates.center_code,
    candidates.platform,
    candidates.account_code,
    candidates.date_day,
    false as is_expected,
    candidates.outcome,
    cast(null as {{ type_of('text') }}) as detail,
    rules.next_step_en as next_step,
    0 as attempts,
    cast(null as {{ type_of('timestamptz') }}) as last_attempted_at,
    rules.is_captured,
    cast(null as {{ type_of('timestamptz') }}) as retry_at,
    cast(null as {{ type_of('text') }}) as source
from candidates
inner join {{ ref('capture_outcomes') }} as rules on candidates.outcome = rules.outcome
where candidates.place = 1
