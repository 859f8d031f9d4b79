create table ops.mart_builds (
    build_id bigint generated always as identity primary key,
    scope text not null check (scope in ('everything', 'changes')),
    reason text not null,
    fingerprint text not null,
    first_day date,
    last_day date,
    built_through date,
    retention_as_of timestamptz not null,
    layers text[] not null default '{}',
    planned_at timestamptz not null default now(),
    finished_at timestamptz,
    check (scope = 'everything' or (first_day is not null and last_day is not null and built_through is not null))
);
comment on table ops.mart_builds is
    'One row per planned build of the marts: which days, what of them, since what; finished when every layer stands.';

create table ops.reopened_days (
    reopened_id bigint generated always as identity primary key,
    account_code text not null,
    as_of_date date not null,
    cause text not null,
    build_id bigint references ops.mart_builds,
    reopened_at timestamptz not null default now()
);
create index on ops.reopened_days (build_id);
comment on table ops.reopened_days is
    'Account and WIB date of evidence that came since the marts were built, written with it in one transaction; '
    'build_id is the build that takes it up, and the row goes when that build has finished.';

-- A queue instead of a watermark: a row that commits late is still there, whatever its loaded_at, and a build that
-- dies takes nothing with it. The evidence's date comes as SQL over the rows that were added.
create function ops.reopen_days() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    execute format(
        'insert into ops.reopened_days (account_code, as_of_date, cause)
        select distinct account_code, %s, %L from added where account_code is not null',
        tg_argv[0], tg_table_name);
    return null;
end $$;
revoke all on function ops.reopen_days from public;

-- Words are about a post: what is read in them or decided about them holds from the day on which it was first seen.
create function ops.reopen_days_of_posts() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    -- Post by post through the key: the planner, who knows nothing of `added`, would rather read all posts.
    insert into ops.reopened_days (account_code, as_of_date, cause)
    select words.account_code, (min(seen.captured_at) at time zone 'Asia/Jakarta')::date, tg_table_name
    from (select distinct account_code, post_id from added) as words
    cross join lateral (
        select min(posts.captured_at) as captured_at
        from raw.posts
        where posts.account_code = words.account_code and posts.post_id = words.post_id
        offset 0
    ) as seen
    where seen.captured_at is not null
    group by words.account_code;
    return null;
end $$;
revoke all on function ops.reopen_days_of_posts from public;

create trigger reopen_days after insert on raw.profile_snapshots referencing new table as added
    for each statement execute function ops.reopen_days('(captured_at at time zone ''Asia/Jakarta'')::date');
create trigger reopen_days after insert on raw.posts referencing new table as added
    for each statement execute function ops.reopen_days('(captured_at at time zone ''Asia/Jakarta'')::date');
create trigger reopen_days after insert on raw.capture_outcomes referencing new table as added
    for each statement execute function ops.reopen_days('(attempted_at at time zone ''Asia/Jakarta'')::date');
create trigger reopen_days after insert on raw.manual_entries referencing new table as added
    for each statement execute function ops.reopen_days('as_of_date');
create trigger reopen_days after insert on raw.manual_confirmations referencing new table as added
    for each statement execute function ops.reopen_days('as_of_date');
create trigger reopen_days after insert on ops.account_confirmations referencing new table as added
    for each statement execute function ops.reopen_days('(confirmed_at at time zone ''Asia/Jakarta'')::date');
create trigger reopen_days after insert on ops.tagged_captions referencing new table as added
    for each statement execute function ops.reopen_days_of_posts();
create trigger reopen_days after insert on ops.tag_overrides referencing new table as added
    for each statement execute function ops.reopen_days_of_posts();

-- A day's build looks up the accounts that it reopens, each from its day on.
create index on raw.capture_outcomes (account_code, attempted_at);
create index on raw.capture_outcomes (account_code, attempted_at) where outcome = 'identity_mismatch';
create index on raw.profile_snapshots (expires_at) where expires_at is not null;
create index on raw.posts (account_code, captured_at);

grant select, insert, update on ops.mart_builds to social_metrics_transformer;
grant select, insert, update, delete on ops.reopened_days to social_metrics_transformer;
grant select on ops.mart_builds, ops.reopened_days to social_metrics_closer;
