-- What was hit is at most a phrase: as long as the rule's own words, never a stretch of the caption.
select
    rule_id,
    matched_text
from {{ ref('fct_post_tags') }}
where length(matched_text) > 80 or array_length(regexp_split_to_array(matched_text, '\s+'), 1) > 8
