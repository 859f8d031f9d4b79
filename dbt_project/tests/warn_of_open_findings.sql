{{ config(severity='warn') }}
-- One line in the log of every run: the number of open findings. The mart lists them with the observed values.
select
    rule_id,
    subject
from {{ ref('fct_data_quality_findings') }}
where severity = 'warn' and is_open
