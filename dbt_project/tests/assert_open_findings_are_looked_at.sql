{{ config(severity='warn') }}
-- One line in the log of every evening: how many findings are open. They stand in the mart, with what was seen.
select
    rule_id,
    subject
from {{ ref('fct_data_quality_findings') }}
where severity = 'warn' and is_open
