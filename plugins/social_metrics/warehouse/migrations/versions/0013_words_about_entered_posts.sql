create or replace function ops.reopen_days_of_posts() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    -- Post by post through the key: the planner, who knows nothing of `added`, would rather read all posts.
    insert into ops.reopened_days (account_code, as_of_date, cause)
    select words.account_code, min(first.as_of_date), tg_table_name
    from (select distinct account_code, post_id from added) as words
    cross join lateral (
        select (min(posts.captured_at) at time zone 'Asia/Jakarta')::date as as_of_date
        from raw.posts
        where posts.account_code = words.account_code and posts.post_id = words.post_id
        union all
        select min(entries.as_of_date)
        from raw.manual_entries as entries
        where
            entries.account_code = words.account_code
            and (
                -- The id that the marts make of an address, until an API shows the post under its own.
                words.post_id = 'manual:' || md5(entries.last_post_url)
                or entries.last_post_url in (
                    select posts.url
                    from raw.posts
                    where posts.account_code = words.account_code and posts.post_id = words.post_id
                )
            )
        union all
        select (min(posts.captured_at) at time zone 'Asia/Jakarta')::date
        from raw.manual_entries as entries
        inner join raw.posts on entries.account_code = posts.account_code and entries.last_post_url = posts.url
        where entries.account_code = words.account_code and words.post_id = 'manual:' || md5(entries.last_post_url)
        offset 0
    ) as first
    where first.as_of_date is not null
    group by words.account_code;
    return null;
end $$;
