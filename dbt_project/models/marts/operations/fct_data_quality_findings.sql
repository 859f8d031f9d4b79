{{ config(indexes=[{'columns': ['last_found_date']}]) }}
-- Grain: rule × subject × first WIB date of an unbroken run of days on which it was found.
with found as (

    select * from {{ ref('int_findings__daily') }}
    union all
    select
        finding as rule_id,
        account_code as subject,
        account_code,
        center_code,
        platform,
        date_day,
        max(seen_value) as seen_value,
        max(known_value) as known_value
    from {{ ref('fct_account_findings') }}
    group by finding, account_code, center_code, platform, date_day

),

daily as (

    select
        found.*,
        rules.severity,
        rules.subject_kind,
        rules.label_id,
        rules.label_en,
        rules.rules_version,
        case
            when {{ days_from('lag(found.date_day) over in_time', 'found.date_day') }} <= rules.joins_within_days then 0
            else 1
        end as is_first
    from found
    -- Findings that only wait for a person (an entry to confirm, a due review) have no rule: the data are not wrong.
    inner join {{ ref('dq_rules') }} as rules on found.rule_id = rules.rule_id
    window in_time as (partition by found.rule_id, found.subject order by found.date_day)

),

numbered as (

    select
        *,
        sum(is_first) over (partition by rule_id, subject order by date_day) as run_no
    from daily

),

runs as (

    select
        *,
        min(date_day) over of_run as first_found_date,
        count(*) over of_run as days_found,
        row_number() over (partition by rule_id, subject, run_no order by date_day desc) as place
    from numbered
    window of_run as (partition by rule_id, subject, run_no)

),

sources as (

    -- Looked up account by account, by an index on account and source.
    select
        accounts.account_code,
        (
            select max(outcomes.source)
            from {{ ref('int_accounts__daily_outcomes') }} as outcomes
            where outcomes.account_code = accounts.account_code
        ) as source
    from (select distinct runs.account_code from runs) as accounts

)

select
    md5(runs.rule_id || '|' || runs.subject || '|' || runs.first_found_date) as finding_id,
    runs.rule_id,
    runs.label_id as rule_label_id,
    runs.label_en as rule_label_en,
    runs.rules_version,
    runs.severity,
    runs.subject_kind,
    runs.subject,
    runs.account_code,
    runs.center_code,
    runs.platform,
    runs.first_found_date,
    runs.date_day as last_found_date,
    cast(runs.days_found as integer) as days_found,
    runs.date_day >= {{ through_date() }} - 1 as is_open,
    runs.seen_value,
    runs.known_value,
    calendar.holiday_label_id,
    sources.source
from runs
inner join {{ ref('int_dates__working') }} as calendar on runs.first_found_date = calendar.date_day
left join sources on runs.account_code = sources.account_code
where runs.place = 1
