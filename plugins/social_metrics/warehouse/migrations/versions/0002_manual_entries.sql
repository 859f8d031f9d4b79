-- A few hundred rows a day at the most: no partitions (docs/adr/0010). Append-only like the rest of raw: a correction
-- is a new version, a confirmation a row of its own, and the newest confirmed version stands.
create table raw.evidence_files (
    sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    file_name text not null,
    media_type text not null,
    byte_count integer not null check (byte_count > 0),
    body bytea not null check (octet_length(body) = byte_count and encode(sha256(body), 'hex') = sha256),
    loaded_at timestamptz not null default now()
);
comment on table raw.evidence_files is
    'Screenshots and filled workbooks as they were handed in, named by the sha256 of their bytes.';

create table raw.manual_entries (
    account_code text not null,
    platform text not null,
    -- The WIB date of the evidence, never that of the typing.
    as_of_date date generated always as ((observed_at at time zone 'Asia/Jakarta')::date) stored,
    version integer not null check (version >= 1),
    observed_at timestamptz not null,
    followers_displayed text not null,
    followers_count bigint check (followers_count >= 0),
    followers_precision_step bigint check (followers_precision_step >= 1),
    followers_state text not null check (followers_state in ('reported', 'hidden')),
    metric_definition_id text not null,
    last_post_displayed text,
    last_post_at timestamptz,
    last_post_url text,
    posts_looked_at text not null check (posts_looked_at in ('newest_seen', 'none_found', 'not_looked')),
    is_outreach boolean,
    program text,
    evidence_sha256 text not null references raw.evidence_files,
    evidence_file_name text not null,
    workbook_sha256 text not null references raw.evidence_files,
    workbook_place text not null,
    entered_by text not null check (entered_by = lower(btrim(entered_by)) and entered_by <> ''),
    entered_at timestamptz not null,
    source text not null check (source in ('manual', 'simulator')),
    loaded_at timestamptz not null default now(),
    primary key (account_code, as_of_date, version),
    unique (account_code, as_of_date, version, entered_by),
    check ((followers_state = 'reported') = (followers_count is not null)),
    check ((followers_count is null) = (followers_precision_step is null)),
    check ((posts_looked_at = 'newest_seen') = (last_post_at is not null)),
    check (last_post_at <= observed_at),
    check (observed_at <= entered_at)
);
create index on raw.manual_entries (evidence_sha256);
comment on table raw.manual_entries is
    'One row per account, date of evidence and version: what an officer read off a screen, as shown and as understood.';

-- Who entered travels along through the foreign key, so that the CHECK compares with the truth.
create table raw.manual_confirmations (
    account_code text not null,
    as_of_date date not null,
    version integer not null,
    entered_by text not null,
    decision text not null check (decision in ('confirmed', 'rejected')),
    confirmed_by text not null check (confirmed_by = lower(btrim(confirmed_by)) and confirmed_by <> ''),
    confirmed_at timestamptz not null,
    confirmed_through text not null check (confirmed_through in ('airflow', 'command_line')),
    note text,
    loaded_at timestamptz not null default now(),
    primary key (account_code, as_of_date, version),
    foreign key (account_code, as_of_date, version, entered_by)
        references raw.manual_entries (account_code, as_of_date, version, entered_by),
    constraint confirmed_by_a_second_person check (confirmed_by <> entered_by)
);
comment on table raw.manual_confirmations is
    'One row per version decided on: another person than the one who entered it confirmed or rejected it.';

create table ops.account_confirmations (
    account_code text not null,
    confirmed_at timestamptz not null,
    confirmed_by text not null check (confirmed_by = lower(btrim(confirmed_by)) and confirmed_by <> ''),
    evidence_ref text not null check (evidence_ref <> ''),
    loaded_at timestamptz not null default now(),
    primary key (account_code, confirmed_at)
);
comment on table ops.account_confirmations is
    'One row each time a person confirmed that an account whose identity had not matched is the center''s own again.';

grant select, insert on raw.evidence_files, raw.manual_entries, raw.manual_confirmations, ops.account_confirmations
    to social_metrics_loader;
grant select on raw.manual_entries, raw.manual_confirmations, ops.account_confirmations
    to social_metrics_transformer, social_metrics_closer;
grant select on raw.evidence_files to social_metrics_closer;
grant select on raw.evidence_files, raw.manual_entries, raw.manual_confirmations to social_metrics_auditor;
