{{ config(
    materialized='incremental', meta={'rebuilt_by': 'account'},
    indexes=[
        {'columns': ['account_code', 'date_day'], 'unique': true}, {'columns': ['date_day']},
        {'columns': ['account_code', 'source']}
    ],
    post_hook="{{ index_when_rebuilt('(date_day, account_code) where not is_captured') }}"
) }}
-- Grain: account × WIB date on which it is expected; each has an outcome, the best of the day.
with attempts as (

    select
        outcomes.account_code,
        outcomes.as_of_date,
        outcomes.attempt_id,
        outcomes.attempted_at,
        outcomes.outcome,
        outcomes.detail,
        outcomes.next_step,
        outcomes.retry_at,
        outcomes.is_observation,
        rules.precedence,
        rules.is_attempt
    from {{ ref('stg_social__capture_outcomes') }} as outcomes
    inner join {{ ref('capture_outcomes') }} as rules on outcomes.outcome = rules.outcome
    {{ join_to_rebuild('account', 'outcomes.account_code', 'outcomes.attempted_at', unit='instant') }}
    union all
    -- An observation by a person counts like one by an API, but is no attempt.
    select
        entries.account_code,
        entries.as_of_date,
        cast(null as {{ type_of('uuid') }}) as attempt_id,
        entries.observed_at as attempted_at,
        entries.outcome,
        cast(null as {{ type_of('text') }}) as detail,
        cast(null as {{ type_of('text') }}) as next_step,
        cast(null as {{ type_of('timestamptz') }}) as retry_at,
        entries.is_observation,
        rules.precedence,
        false as is_attempt
    from {{ ref('int_manual_entries__accepted') }} as entries
    inner join {{ ref('capture_outcomes') }} as rules on entries.outcome = rules.outcome

),

ranked as (

    select
        *,
        row_number() over (
            partition by account_code, as_of_date
            order by precedence asc, attempted_at desc, attempt_id desc nulls last
        ) as place
    from attempts

),

best as (

    select * from ranked
    where place = 1

),

per_day as (

    select
        account_code,
        as_of_date,
        count(*) filter (where is_attempt) as attempts,
        max(attempted_at) filter (where is_attempt) as last_attempted_at,
        bool_or(is_observation) as is_observed
    from attempts
    group by account_code, as_of_date

),

before as (

    -- The source of the last day before those to rebuild; evidence is read from the day after it.
    {% if is_incremental() %}
    select
        to_rebuild.account_code,
        last.source,
        coalesce(last.date_day + 1, cast('2000-01-01' as date)) as date_day
    from {{ to_rebuild('account') }} as to_rebuild
    left join lateral (
        select
            rows.source,
            rows.date_day
        from {{ this }} as rows
        where rows.account_code = to_rebuild.account_code and rows.date_day < to_rebuild.date_day
        order by rows.date_day desc
        limit 1
    ) as last on true
    where
        exists (
            select 1
            from {{ ref('int_accounts__daily_spine') }} as spine
            where
                spine.account_code = to_rebuild.account_code
                and spine.day_no >= to_rebuild.day_no
            {{ and_since_rebuild_start('account', 'spine.date_day') }}
        )
    {% else %}
    select
        cast(null as {{ type_of('text') }}) as account_code,
        cast(null as {{ type_of('text') }}) as source,
        cast(null as date) as date_day
    where false
    {% endif %}

),

evidence as (

    select
        outcomes.account_code,
        outcomes.as_of_date,
        outcomes.source
    from {{ ref('stg_social__capture_outcomes') }} as outcomes
    {% if is_incremental() %}
    inner join before
        on
            outcomes.account_code = before.account_code
            and outcomes.attempted_at >= {{ start_of_day('before.date_day') }}
            and outcomes.attempted_at >= {{ start_of_day('(select min(earliest.date_day) from before as earliest)') }}
    {% endif %}
    union all
    select
        snapshots.account_code,
        snapshots.as_of_date,
        snapshots.source
    from {{ ref('stg_social__profile_snapshots') }} as snapshots
    {% if is_incremental() %}
    inner join before
        on
            snapshots.account_code = before.account_code
            and snapshots.captured_at >= {{ start_of_day('before.date_day') }}
            and snapshots.captured_at >= {{ start_of_day('(select min(earliest.date_day) from before as earliest)') }}
    {% endif %}
    union all
    select
        account_code,
        as_of_date,
        source
    from {{ ref('int_manual_entries__accepted') }}

),

sources as (

    -- 'simulator' > 'manual' > 'api': of several sources in a day the least real one is shown.
    select
        account_code,
        as_of_date,
        max(source) as source
    from evidence
    group by account_code, as_of_date

),

first_simulated as (

    -- Growth and carried values use earlier days: one simulated day marks all later days.
    select
        account_code,
        min(as_of_date) as as_of_date
    from evidence
    where source = 'simulator'
    group by account_code

),

joined as (

    select
        spine.account_code,
        spine.center_code,
        spine.platform,
        spine.date_day,
        best.outcome as best_outcome,
        case
            when coalesce(best.outcome, 'not_attempted') <> 'not_attempted' then best.outcome
            when spine.date_day = {{ through_date() }} then 'not_attempted'  -- a retry run may follow
            else 'missed'
        end as outcome,
        best.detail,
        best.next_step,
        best.retry_at,
        coalesce(per_day.attempts, 0) as attempts,
        per_day.last_attempted_at,
        coalesce(per_day.is_observed, false) as is_observed,
        case
            when before.source = 'simulator' or spine.date_day >= first_simulated.as_of_date then 'simulator'
            else sources.source
        end as source
    from {{ ref('int_accounts__daily_spine') }} as spine
    left join best on spine.account_code = best.account_code and spine.date_day = best.as_of_date
    left join per_day on spine.account_code = per_day.account_code and spine.date_day = per_day.as_of_date
    left join sources on spine.account_code = sources.account_code and spine.date_day = sources.as_of_date
    left join first_simulated on spine.account_code = first_simulated.account_code
    left join before on spine.account_code = before.account_code
    {{ join_to_rebuild('account', 'spine.account_code', 'spine.date_day') }}

)

select
    joined.account_code,
    joined.center_code,
    joined.platform,
    joined.date_day,
    joined.outcome,
    rules.is_captured,
    joined.detail,
    -- A next step meant for the same day is of no use once the day is over.
    case
        when joined.outcome = joined.best_outcome then coalesce(joined.next_step, rules.next_step_en)
        else rules.next_step_en
    end as next_step,
    joined.retry_at,
    cast(joined.attempts as integer) as attempts,
    joined.last_attempted_at,
    joined.is_observed,
    joined.source
from joined
inner join {{ ref('capture_outcomes') }} as rules on joined.outcome = rules.outcome
