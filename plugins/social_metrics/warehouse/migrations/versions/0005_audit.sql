create schema audit;

create table audit.seals (
    seal_no integer primary key check (seal_no >= 1),
    through_date date not null,
    sealed_at timestamptz not null,
    previous_sha256 text not null check (previous_sha256 ~ '^[0-9a-f]{64}$'),
    code_version text not null,
    sealed_by text not null,
    sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table audit.seals is
    'One row per sealed WIB day, and one more for evidence that came after its day was sealed; each chained to the one '
    'before.';

create table audit.sealed_tables (
    seal_no integer not null references audit.seals,
    table_name text not null,
    row_count bigint not null check (row_count >= 0),
    merkle_root text not null check (merkle_root ~ '^[0-9a-f]{64}$'),
    primary key (seal_no, table_name)
);
comment on table audit.sealed_tables is 'One row per seal and table: how many rows it covers, and their Merkle root.';

create table audit.sealed_rows (
    table_name text not null,
    row_key text not null,
    seal_no integer not null,
    row_sha256 bytea not null check (octet_length(row_sha256) = 32),
    expires_at timestamptz,
    primary key (table_name, row_key)
);
create index on audit.sealed_rows (seal_no, table_name);
comment on table audit.sealed_rows is
    'One row per sealed row: the leaf of its Merkle tree. It names a changed row, and stays when retention takes it.';

-- A version is whole from its first instant: what was closed, by which rules, on which seals. Its status follows from
-- the steps of people in audit.approvals.
create table audit.closes (
    month_start date not null check (extract(day from month_start) = 1),
    version integer not null check (version >= 1),
    drafted_at timestamptz not null,
    drafted_by text not null,
    seal_no integer not null references audit.seals,
    seal_sha256 text not null,
    previous_close_sha256 text not null,
    code_version text not null,
    retention_as_of timestamptz not null,
    first_captured_at timestamptz,
    last_captured_at timestamptz,
    account_days_expected integer not null,
    account_days_captured integer not null,
    retention_basis jsonb not null,
    access_list jsonb not null,
    score_weights_version text,
    indicator_sheet_version text not null,
    sources text[] not null,
    scorecard_sha256 text not null,
    exceptions_sha256 text not null,
    inputs_sha256 text not null,
    sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),
    primary key (month_start, version)
);
comment on table audit.closes is
    'One row per version of a closed month: what it rests on, and the digest (sha256) that papers print.';

create table audit.close_inputs (
    month_start date not null,
    version integer not null,
    kind text not null check (kind in ('registry_seed', 'rule_seed', 'model')),
    name text not null,
    place integer not null,
    content text not null,
    column_types jsonb,
    materialized text,
    sha256 text not null,
    primary key (month_start, version, kind, name),
    foreign key (month_start, version) references audit.closes deferrable
);
comment on table audit.close_inputs is
    'One row per seed file and compiled model of a close, whole: enough to compute the month again.';

create table audit.scorecard_rows (
    month_start date not null,
    version integer not null,
    mart text not null,
    row_key text not null,
    center_code text,
    account_code text,
    figures jsonb not null,
    primary key (month_start, version, mart, row_key),
    foreign key (month_start, version) references audit.closes deferrable
);
create index on audit.scorecard_rows (month_start, version, center_code);
comment on table audit.scorecard_rows is
    'One row per row of a mart that belongs to the month, with all its figures as they were closed.';

create table audit.exceptions (
    month_start date not null,
    version integer not null,
    exception_no integer not null,
    center_code text not null,
    account_code text,
    kind text not null,
    detail text,
    days integer,
    first_date date,
    last_date date,
    primary key (month_start, version, exception_no),
    foreign key (month_start, version) references audit.closes deferrable
);
comment on table audit.exceptions is
    'One row per thing of the month that a reader has to know beside the figure: gaps, hidden counts, breaks.';

create table audit.exception_answers (
    month_start date not null,
    version integer not null,
    exception_no integer not null,
    answer_no integer not null check (answer_no >= 1),
    answer text not null check (btrim(answer) <> ''),
    person text not null,
    login text not null,
    channel text not null check (channel in ('command_line', 'airflow')),
    answered_at timestamptz not null default now(),
    primary key (month_start, version, exception_no, answer_no),
    foreign key (month_start, version, exception_no) references audit.exceptions,
    check (channel <> 'command_line' or person = login)
);
comment on table audit.exception_answers is 'One row per answer of a center to an exception.';

-- The persons of the steps before travel along through the foreign keys, so that the CHECK compares with the truth.
create table audit.approvals (
    month_start date not null,
    version integer not null,
    action text not null check (action in ('submitted', 'checked', 'approved', 'refused')),
    person text not null check (person <> ''),
    maker text not null,
    checker text,
    approver text,
    reason text,
    login text not null,
    channel text not null check (channel in ('command_line', 'airflow')),
    acted_at timestamptz not null default now(),
    rests_on text generated always as (
        case action when 'checked' then 'submitted' when 'approved' then 'checked' when 'refused' then 'submitted' end
    ) stored,
    rests_on_check text generated always as (case action when 'approved' then 'checked' end) stored,
    primary key (month_start, version, action),
    unique (month_start, version, action, maker),
    unique (month_start, version, action, checker),
    foreign key (month_start, version) references audit.closes,
    foreign key (month_start, version, rests_on, maker)
        references audit.approvals (month_start, version, action, maker),
    foreign key (month_start, version, rests_on_check, checker)
        references audit.approvals (month_start, version, action, checker),
    constraint maker_checker_approver_differ check (
        maker <> checker and maker <> approver and checker <> approver
    ),
    constraint nobody_refuses_what_is_their_own check (action <> 'refused' or person <> maker),
    constraint each_acts_as_themselves check (case action
        when 'submitted' then person = maker and checker is null and approver is null
        when 'checked' then checker is not null and person = checker and approver is null
        when 'approved' then checker is not null and approver is not null and person = approver
        else checker is null and approver is null end),
    constraint a_refusal_has_a_reason check (action <> 'refused' or btrim(coalesce(reason, '')) <> ''),
    constraint command_line_persons_are_their_login check (channel <> 'command_line' or person = login)
);
comment on table audit.approvals is
    'One row per step of a version: maker submits, checker checks, approver approves, or one of the two refuses.';

create table audit.correction_requests (
    correction_no integer primary key check (correction_no >= 1),
    month_start date not null,
    version integer not null,
    mart text not null,
    row_key text not null,
    figure text not null,
    old_value jsonb not null,
    new_value jsonb not null,
    reason text not null check (btrim(reason) <> ''),
    document_number text not null check (btrim(document_number) <> ''),
    requester text not null,
    login text not null,
    channel text not null check (channel in ('command_line', 'airflow')),
    requested_at timestamptz not null default now(),
    unique (correction_no, requester),
    foreign key (month_start, version, mart, row_key) references audit.scorecard_rows,
    check (channel <> 'command_line' or requester = login),
    check (old_value <> new_value)
);
comment on table audit.correction_requests is
    'One row per asked correction of a closed figure: old and new value, reason, document. It stands once approved.';

create table audit.corrections (
    correction_no integer primary key,
    requester text not null,
    approver text not null,
    login text not null,
    channel text not null check (channel in ('command_line', 'airflow')),
    approved_at timestamptz not null default now(),
    foreign key (correction_no, requester) references audit.correction_requests (correction_no, requester),
    constraint approved_by_another_person check (approver <> requester),
    check (channel <> 'command_line' or approver = login)
);
comment on table audit.corrections is
    'One row per correction that another person approved; the published figure stays, papers show both.';

create table audit.issued_papers (
    paper_no bigint generated always as identity primary key,
    kind text not null,
    month_start date,
    version integer,
    as_of_date date not null,
    is_provisional boolean not null,
    center_code text,
    language text not null check (language in ('id', 'en')),
    file_name text not null,
    media_type text not null,
    content bytea not null,
    sha256 text not null check (encode(sha256(content), 'hex') = sha256),
    issued_by text not null,
    issued_at timestamptz not null default now(),
    foreign key (month_start, version) references audit.closes,
    check (is_provisional = (month_start is null)),
    check ((month_start is null) = (version is null))
);
comment on table audit.issued_papers is 'One row per paper that left the house, with its bytes.';

-- Grants stop the groups; the triggers stop the owner as well. A superuser can switch both off, and the chain shows it.
create function audit.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit.% is append-only: nobody changes what is recorded; a correction is a new row', tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create function audit.record_login() returns trigger language plpgsql as $$
begin
    new.login := session_user;
    -- Only the service speaks for people whom Airflow has authenticated.
    if new.channel = 'airflow' and session_user <> (
        select pg_get_userbyid(datdba) from pg_database where datname = current_database()
    ) then
        raise exception 'The login % cannot speak for a person of Airflow', session_user
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;

create trigger refuse_change before update or delete or truncate on audit.seals
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.sealed_tables
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.sealed_rows
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.closes
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.close_inputs
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.scorecard_rows
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.exceptions
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.exception_answers
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.approvals
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.correction_requests
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.corrections
    for each statement execute function audit.refuse_change();
create trigger refuse_change before update or delete or truncate on audit.issued_papers
    for each statement execute function audit.refuse_change();
create trigger record_login before insert on audit.exception_answers for each row execute function audit.record_login();
create trigger record_login before insert on audit.approvals for each row execute function audit.record_login();
create trigger record_login before insert on audit.correction_requests
    for each row execute function audit.record_login();
create trigger record_login before insert on audit.corrections for each row execute function audit.record_login();

grant usage on schema audit to social_metrics_closer, social_metrics_auditor;
grant select, insert on all tables in schema audit to social_metrics_closer;
grant select on all tables in schema audit to social_metrics_auditor;
grant usage on schema seeds to social_metrics_closer;
grant select on all tables in schema seeds to social_metrics_closer;
alter default privileges for role social_metrics_transformer in schema seeds
    grant select on tables to social_metrics_closer;
