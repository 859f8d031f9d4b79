-- What a rule of severity `stop` finds makes figures wrong, not incomplete: it is settled before anybody reads them.
select
    rule_id,
    subject,
    seen_value,
    known_value
from {{ ref('fct_data_quality_findings') }}
where severity = 'stop' and is_open
