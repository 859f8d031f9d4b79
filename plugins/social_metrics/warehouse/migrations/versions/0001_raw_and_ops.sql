-- Roles are cluster-wide and may have been made by another database of the same server.
do $$ begin create role social_metrics_loader nologin;
    exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role social_metrics_transformer nologin;
    exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role social_metrics_bi_reader nologin;
    exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role social_metrics_auditor nologin;
    exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role social_metrics_closer nologin;
    exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role social_metrics_retention nologin;
    exception when duplicate_object or unique_violation then null; end $$;

-- The service login works through the groups; SET ROLE picks one. It needs no other right.
grant social_metrics_loader to current_user;
grant social_metrics_transformer to current_user;
grant social_metrics_bi_reader to current_user;
grant social_metrics_auditor to current_user;
grant social_metrics_closer to current_user;
grant social_metrics_retention to current_user;

create schema raw;
create schema ops;

create table raw.api_responses (
    response_id uuid not null,
    platform text not null,
    endpoint text not null,
    api_version text,
    method text not null,
    parameters jsonb not null,
    http_status integer not null,
    received_at timestamptz not null,
    duration_ms integer not null check (duration_ms >= 0),
    received_sha256 text not null,
    received_bytes integer not null,
    kept_sha256 text not null,
    stripped jsonb not null,
    attempt integer not null check (attempt >= 1),
    source text not null check (source in ('api', 'simulator')),
    run_id text not null,
    try_number integer not null,
    expires_at timestamptz,
    loaded_at timestamptz not null default now(),
    primary key (response_id, received_at)
) partition by range (received_at);
comment on table raw.api_responses is 'One row per HTTP response: the evidence behind every number.';

create table raw.response_bodies (
    response_id uuid not null,
    received_at timestamptz not null,
    body bytea not null,
    expires_at timestamptz,
    primary key (response_id, received_at)
) partition by range (received_at);
comment on table raw.response_bodies is
    'The kept bytes of a response, hashed as stored; bytea, since jsonb refuses real payloads. Retention may empty it.';

create table raw.profile_snapshots (
    attempt_id uuid not null,
    account_code text not null,
    platform text not null,
    captured_at timestamptz not null,
    followers_count bigint check (followers_count >= 0),
    followers_precision_step bigint check (followers_precision_step >= 1),
    followers_state text not null
        check (followers_state in ('reported', 'hidden', 'not_available', 'retention_expired')),
    following_count bigint check (following_count >= 0),
    posts_count bigint check (posts_count >= 0),
    views_count bigint check (views_count >= 0),
    handle_seen text,
    platform_account_id_seen text,
    metric_definition_id text not null,
    authorization_mode text not null check (authorization_mode in ('public', 'owner')),
    source text not null check (source in ('api', 'simulator')),
    response_id uuid not null,
    run_id text not null,
    try_number integer not null,
    expires_at timestamptz,
    loaded_at timestamptz not null default now(),
    primary key (attempt_id, captured_at),
    check ((followers_state = 'reported') = (followers_count is not null)),
    check ((followers_count is null) = (followers_precision_step is null))
) partition by range (captured_at);
create index on raw.profile_snapshots (account_code, captured_at);
comment on table raw.profile_snapshots is 'One row per account and attempt that got a profile.';

create table raw.posts (
    account_code text not null,
    platform text not null,
    post_id text not null,
    captured_at timestamptz not null,
    published_at timestamptz not null,
    url text,
    post_type text not null,
    content_hash text,
    caption_length integer,
    like_count bigint check (like_count >= 0),
    comment_count bigint check (comment_count >= 0),
    share_count bigint check (share_count >= 0),
    view_count bigint check (view_count >= 0),
    presence text not null check (presence in ('seen', 'absent')),
    source text not null check (source in ('api', 'simulator')),
    response_id uuid not null,
    run_id text not null,
    loaded_at timestamptz not null default now(),
    primary key (account_code, post_id, captured_at, response_id)
) partition by range (captured_at);
create index on raw.posts (account_code, published_at);
comment on table raw.posts is 'One row per post and response in which its content, counts or presence changed.';

create table raw.post_captions (
    account_code text not null,
    platform text not null,
    post_id text not null,
    content_hash text not null,
    captured_at timestamptz not null,
    caption text not null,
    expires_at timestamptz,
    loaded_at timestamptz not null default now(),
    primary key (account_code, post_id, content_hash, captured_at)
) partition by range (captured_at);
comment on table raw.post_captions is 'The words of a post by content; restricted. May lose rows to retention.';

create table raw.capture_outcomes (
    attempt_id uuid not null,
    account_code text not null,
    platform text not null,
    attempted_at timestamptz not null,
    outcome text not null check (outcome in (
        'captured', 'captured_partly', 'below_threshold', 'identity_mismatch', 'account_private',
        'account_suspended', 'account_not_found', 'consent_revoked', 'token_expired', 'permission_missing',
        'quota_exhausted', 'budget_exhausted', 'rate_limited', 'platform_unavailable', 'invalid_response',
        'not_attempted', 'missed', 'missing_account', 'not_yet_verified')),
    detail text,
    next_step text,
    posts_read text not null check (posts_read in ('listed', 'unchanged', 'failed', 'not_tried')),
    posts_seen integer check (posts_seen >= 0),
    retry_at timestamptz,
    response_id uuid,
    source text not null check (source in ('api', 'simulator')),
    run_id text not null,
    try_number integer not null,
    loaded_at timestamptz not null default now(),
    primary key (attempt_id, attempted_at)
) partition by range (attempted_at);
create index on raw.capture_outcomes (attempted_at, account_code);
comment on table raw.capture_outcomes is 'One row per account and attempt: what became of it, and why.';

create table ops.spend_ledger (
    response_id uuid primary key,
    platform text not null,
    credential text not null,
    endpoint text not null,
    spent_at timestamptz not null,
    calls integer not null,
    quota_units integer not null,
    usd numeric(12, 6) not null,
    run_id text not null
);
create index on ops.spend_ledger (platform, spent_at);
comment on table ops.spend_ledger is 'One row per call: calls, quota units, US$.';

create table ops.credentials (
    account_code text primary key,
    platform text not null,
    access_token bytea,
    access_expires_at timestamptz,
    refresh_token bytea not null,
    refresh_expires_at timestamptz,
    generation integer not null default 0,
    updated_at timestamptz not null default now()
);
comment on table ops.credentials is 'Rotating tokens, encrypted with the credentials key; one writer at a time.';

create table ops.dbt_results (
    invocation_id text not null,
    unique_id text not null,
    resource_type text not null,
    status text not null,
    execution_seconds double precision not null,
    rows_affected bigint,
    message text,
    finished_at timestamptz not null default now(),
    primary key (invocation_id, unique_id)
);
comment on table ops.dbt_results is 'One row per dbt node and invocation: what was built, duration, message.';

-- Months are WIB months, so that a closed month is a set of whole partitions. The function is the owner's:
-- the loader may have a month made, and nothing else.
create function ops.ensure_month_partitions(instants timestamptz[]) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    month_start timestamp;
    parent text;
    child text;
    made integer := 0;
begin
    for month_start in
        select distinct date_trunc('month', i at time zone 'Asia/Jakarta') from unnest(instants) as i
    loop
        foreach parent in array array[
            'api_responses', 'response_bodies', 'profile_snapshots', 'posts', 'post_captions', 'capture_outcomes']
        loop
            child := parent || '_' || to_char(month_start, 'YYYYMM');
            continue when to_regclass(format('raw.%I', child)) is not null;
            perform pg_advisory_xact_lock(hashtext('social_metrics.partitions'));
            -- Asked of the table: to_regclass may answer from before the wait.
            continue when exists (
                select from pg_class where relnamespace = 'raw'::regnamespace and relname = child);
            -- Made aside and attached: that waits for no shard that is reading or writing the parent, whereas
            -- `partition of` locks it out and, with two shards starting a month together, ends in a deadlock.
            execute format('create table raw.%I (like raw.%I including defaults including constraints)', child, parent);
            execute format(
                'alter table raw.%I attach partition raw.%I for values from (%L) to (%L)', parent, child,
                month_start at time zone 'Asia/Jakarta',
                (month_start + interval '1 month') at time zone 'Asia/Jakarta');
            made := made + 1;
        end loop;
    end loop;
    return made;
end $$;
revoke all on function ops.ensure_month_partitions from public;
grant execute on function ops.ensure_month_partitions to social_metrics_loader;

grant usage on schema raw, ops to social_metrics_loader, social_metrics_transformer, social_metrics_closer,
    social_metrics_retention;
grant usage on schema raw to social_metrics_auditor;
grant select, insert on all tables in schema raw to social_metrics_loader;
grant select, insert on ops.spend_ledger to social_metrics_loader;
grant select, insert, update on ops.credentials to social_metrics_loader;
grant select on all tables in schema raw to social_metrics_transformer, social_metrics_closer;
grant select on ops.spend_ledger to social_metrics_transformer, social_metrics_closer;
grant select, insert on ops.dbt_results to social_metrics_transformer;
grant select on raw.api_responses, raw.response_bodies, raw.profile_snapshots, raw.posts, raw.capture_outcomes
    to social_metrics_auditor;
grant select, delete on raw.response_bodies, raw.post_captions to social_metrics_retention;

-- dbt owns these; readers are granted table by table by dbt itself (`+grants`), so that a full refresh keeps them.
create schema seeds authorization social_metrics_transformer;
create schema staging authorization social_metrics_transformer;
create schema intermediate authorization social_metrics_transformer;
create schema marts authorization social_metrics_transformer;
grant usage on schema marts to social_metrics_bi_reader, social_metrics_auditor, social_metrics_closer;
