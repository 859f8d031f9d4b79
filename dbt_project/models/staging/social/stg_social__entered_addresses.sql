-- Grain: account × date of evidence × version that names a post, whatever the decision about the entry.
select
    account_code,
    as_of_date,
    version,
    last_post_url as url,
    {{ as_of_date('last_post_at') }} as published_date,
    is_outreach is not null or program is not null as has_words,
    'manual:' || md5(last_post_url) as post_id
from {{ source('raw', 'manual_entries') }}
where last_post_url is not null
