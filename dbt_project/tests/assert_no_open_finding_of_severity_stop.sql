-- A finding of severity `stop` makes figures wrong, not incomplete: it must be fixed before anyone reads them.
select
    rule_id,
    subject,
    seen_value,
    known_value
from {{ ref('fct_data_quality_findings') }}
where severity = 'stop' and is_open
