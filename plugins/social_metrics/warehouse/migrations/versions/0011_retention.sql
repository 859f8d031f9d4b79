-- A post's counts expire as an account's do. The third mode: the platform accepted the project (YouTube's amendment).
alter table raw.posts add column expires_at timestamptz;
comment on column raw.posts.expires_at is
    'UTC instant after which the terms forbid keeping the counts; NULL: never. The sighting itself stays.';
create index on raw.posts (expires_at) where expires_at is not null;
create index on raw.response_bodies (expires_at) where expires_at is not null;
create index on raw.post_captions (expires_at) where expires_at is not null;

do $$
declare
    held record;
begin
    -- A partition that was attached keeps a CHECK of its own beside the inherited one.
    for held in
        select relation.oid::regclass as relation, rule.conname
        from pg_constraint as rule join pg_class as relation on relation.oid = rule.conrelid
        where relation.relnamespace = 'raw'::regnamespace and rule.contype = 'c'
            and rule.conname = 'profile_snapshots_authorization_mode_check'
        order by relation.relispartition
    loop
        execute format('alter table %s drop constraint if exists %I', held.relation, held.conname);
    end loop;
end $$;
alter table raw.profile_snapshots add constraint profile_snapshots_authorization_mode_check
    check (authorization_mode in ('public', 'owner', 'amendment'));

-- A row is dated for its seal by the first instant that is never NULL: by when it was written, not by what it is about.
create table ops.revocations (
    revocation_no bigint generated always as identity primary key,
    account_code text not null,
    platform text not null,
    recorded_at timestamptz not null default now(),
    recorded_by text not null default session_user,
    revoked_at timestamptz not null,
    reason text not null check (btrim(reason) <> '')
);
comment on table ops.revocations is
    'One row per authorisation that an account''s owner took back: what was captured until then is deleted.';

create table ops.purges (
    purge_no bigint generated always as identity primary key,
    purged_at timestamptz not null default now(),
    purged_by text not null default session_user,
    as_of timestamptz not null,
    table_name text not null,
    field text not null,
    platform text not null,
    authorization_mode text,
    reason text not null check (reason in ('expired', 'rule_shortened', 'revoked', 'post_removed')),
    account_code text,
    source text not null,
    row_count integer not null check (row_count >= 1),
    check ((reason = 'revoked') = (account_code is not null))
);
comment on table ops.purges is
    'One row per kind of thing that a run of retention took: which field of whom, by which rule, as of which instant.';

create table ops.purged_rows (
    purge_no bigint not null references ops.purges,
    table_name text not null,
    row_key text not null,
    row_sha256 bytea not null check (octet_length(row_sha256) = 32),
    remaining_sha256 bytea check (octet_length(remaining_sha256) = 32),
    purged_at timestamptz not null default now(),
    primary key (table_name, row_key, purge_no)
);
comment on table ops.purged_rows is
    'One row per row that retention touched: its sha256 before, and of what remains; no remainder: the row is gone.';

-- Grants stop the groups, the triggers the owner. And whoever works as retention can only take away.
create function ops.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'ops.% is append-only: what was purged or revoked stays written down', tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create function ops.only_take_away() returns trigger language plpgsql as $$
declare
    changed text;
begin
    select string_agg(now_.key, ', ') into changed
    from jsonb_each(to_jsonb(new)) as now_
    join jsonb_each(to_jsonb(old)) as before using (key)
    where now_.value is distinct from before.value
        and now_.value <> 'null'::jsonb
        and not (now_.key = 'followers_state' and now_.value = '"retention_expired"'::jsonb)
        and now_.key <> 'expires_at';
    if changed is not null then
        raise exception 'Retention may only empty what it purges; % would get another value', changed
            using errcode = 'insufficient_privilege';
    end if;
    if new.expires_at > old.expires_at then
        raise exception 'Retention may not lengthen what a row has left' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;

grant usage on schema audit to social_metrics_retention;
grant select on all tables in schema raw to social_metrics_retention;
grant select on ops.tagged_captions, ops.tag_rulesets, ops.post_tags to social_metrics_retention;
grant update (followers_count, followers_precision_step, followers_state, following_count, posts_count, views_count,
    handle_seen, platform_account_id_seen, expires_at) on raw.profile_snapshots to social_metrics_retention;
grant update (like_count, comment_count, share_count, view_count, url, expires_at)
    on raw.posts to social_metrics_retention;
grant select, insert on ops.purges, ops.purged_rows, ops.revocations to social_metrics_retention;
grant insert on ops.reopened_days to social_metrics_retention;
grant select, insert on ops.revocations to social_metrics_loader;
grant select on ops.purges, ops.purged_rows, ops.revocations
    to social_metrics_loader, social_metrics_transformer, social_metrics_closer, social_metrics_auditor;

create trigger refuse_change before update or delete or truncate on ops.revocations
    for each statement execute function ops.refuse_change();
create trigger refuse_change before update or delete or truncate on ops.purges
    for each statement execute function ops.refuse_change();
create trigger refuse_change before update or delete or truncate on ops.purged_rows
    for each statement execute function ops.refuse_change();
create trigger only_take_away before update on raw.profile_snapshots
    for each row when (current_user = 'social_metrics_retention') execute function ops.only_take_away();
create trigger only_take_away before update on raw.posts
    for each row when (current_user = 'social_metrics_retention') execute function ops.only_take_away();
