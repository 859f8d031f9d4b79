create table ops.circuit_breakers (
    platform text not null,
    credential text not null,
    fingerprint text not null,
    outcome text not null,
    detail text not null,
    opened_at timestamptz not null,
    open_until timestamptz not null,
    closed_at timestamptz,
    primary key (platform, credential)
);
comment on table ops.circuit_breakers is
    'Whom not to ask until when: one row per breaker that ever opened; no credential: the platform as a whole.';

create table ops.withdrawn_metrics (
    platform text not null,
    metric text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    primary key (platform, metric)
);
comment on table ops.withdrawn_metrics is 'One row per metric that a platform no longer gives to anybody.';

create table ops.alerts (
    alert_id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    message text not null,
    found_at timestamptz not null,
    told_at timestamptz,
    ended_at timestamptz
);
create unique index on ops.alerts (kind, subject) where ended_at is null;
comment on table ops.alerts is
    'One row per trouble from its finding to its end: told once, found again only after it had ended.';

-- A revoked token is deleted by the loader, the one writer of ops.credentials.
grant select, insert, update on ops.circuit_breakers, ops.withdrawn_metrics, ops.alerts to social_metrics_loader;
grant delete on ops.credentials to social_metrics_loader;
grant select on ops.dbt_results, ops.mart_builds to social_metrics_loader;
grant select on ops.circuit_breakers, ops.withdrawn_metrics, ops.alerts to social_metrics_transformer;
