create table audit.deliveries (
    delivery_no bigint generated always as identity primary key,
    paper_no bigint not null references audit.issued_papers,
    channel text not null check (channel in ('object_store', 'email')),
    recipient text not null check (recipient <> ''),
    delivered_by text not null,
    delivered_at timestamptz not null default now(),
    unique (paper_no, channel, recipient)
);
comment on table audit.deliveries is
    'One row per paper and place or address that it was delivered to; what stands here is not sent again.';
create trigger refuse_change before update or delete or truncate on audit.deliveries
    for each statement execute function audit.refuse_change();
grant select, insert on audit.deliveries to social_metrics_closer;
grant select on audit.deliveries to social_metrics_auditor;

create table raw.runs (
    run_id text not null,
    code_version text not null,
    began_at timestamptz not null,
    primary key (run_id, code_version)
);
comment on table raw.runs is
    'One row per run that wrote evidence and code that it ran; other code that took the run up has a row of its own.';
grant select, insert on raw.runs to social_metrics_loader;
grant select on raw.runs to social_metrics_transformer, social_metrics_closer, social_metrics_auditor;
