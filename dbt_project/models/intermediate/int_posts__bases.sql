{{ config(indexes=[{'columns': ['account_code', 'post_id']}]) }}
-- Grain: post × basis on which recency is asked; posts whose words nobody read are a basis of their own.
with by_hand as (

    -- A post that an officer entered has no words here, but the officer says what it was about.
    select
        standing.account_code,
        standing.post_id,
        entries.is_outreach,
        entries.program
    from {{ ref('int_manual_entries__standing') }} as standing
    inner join {{ ref('stg_social__manual_entries') }} as entries
        on standing.account_code = entries.account_code and standing.as_of_date = entries.as_of_date
    where standing.post_id is not null

),

programs_by_hand as (

    select
        by_hand.account_code,
        by_hand.post_id,
        programs.program,
        programs.parent_program
    from by_hand
    inner join {{ ref('programs') }} as programs
        on lower(trim(by_hand.program)) in (lower(programs.program), lower(programs.label_id))

),

unread_by_hand as (

    select
        by_hand.account_code,
        by_hand.post_id
    from by_hand
    left join {{ ref('int_posts__readings') }} as readings
        on by_hand.account_code = readings.account_code and by_hand.post_id = readings.post_id
    where readings.post_id is null
    group by by_hand.account_code, by_hand.post_id
    having bool_and(by_hand.is_outreach is null and by_hand.program is null)

)

select
    account_code,
    post_id,
    case tag_kind when 'outreach' then 'outreach_post' else 'program:' || tag end as basis
from {{ ref('int_posts__tags') }}
where tag_kind in ('outreach', 'program') and tag_state = 'tagged'
union distinct
select
    account_code,
    post_id,
    'outreach_post' as basis
from by_hand
where is_outreach
union distinct
select
    account_code,
    post_id,
    'program:' || program as basis
from programs_by_hand
union distinct
select
    account_code,
    post_id,
    'program:' || parent_program as basis
from programs_by_hand
where parent_program is not null
union distinct
select
    account_code,
    post_id,
    'unread' as basis
from {{ ref('int_posts__readings') }}
where reading_state = 'unread'
union distinct
select
    account_code,
    post_id,
    'unread' as basis
from unread_by_hand
