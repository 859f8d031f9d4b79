-- A matched text is at most a phrase, as long as the rule's own words, never a passage of the caption.
select
    rule_id,
    matched_text
from {{ ref('fct_post_tags') }}
where length(matched_text) > 80 or {{ list_length(split_text('matched_text', '\\s+')) }} > 8
