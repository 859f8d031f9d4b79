-- Append-only: another ruleset adds rows beside the earlier ones, and the marts take the newest reading of a caption.
create table ops.tag_rulesets (
    ruleset_id integer generated always as identity primary key,
    ruleset_version integer not null check (ruleset_version >= 1),
    sha256 text not null,
    rules_sha256 text not null,
    rules jsonb not null,
    campaign_codes text[] not null,
    first_used_at timestamptz not null default now()
);
comment on table ops.tag_rulesets is
    'One row per set of rules and campaigns that ever read a caption, with the rules as they were.';

create table ops.tagged_captions (
    account_code text not null,
    post_id text not null,
    content_hash text not null,
    ruleset_id integer not null references ops.tag_rulesets,
    tagged_at timestamptz not null default now(),
    primary key (account_code, post_id, content_hash, ruleset_id)
);
comment on table ops.tagged_captions is
    'One row per caption and ruleset that read it: without tags in ops.post_tags it is untagged, without a row unread.';

create table ops.post_tags (
    account_code text not null,
    post_id text not null,
    content_hash text not null,
    ruleset_id integer not null references ops.tag_rulesets,
    ruleset_version integer not null,
    rule_id text not null,
    tag_kind text not null check (tag_kind in ('program', 'cluster', 'outreach', 'campaign')),
    cluster_scheme text,
    tag text not null,
    strength text not null check (strength in ('strong', 'weak')),
    matched_text text not null,
    match_starts_at integer not null check (match_starts_at >= 0),
    match_ends_at integer not null,
    tagged_at timestamptz not null default now(),
    primary key (account_code, post_id, content_hash, ruleset_id, rule_id),
    check ((tag_kind = 'cluster') = (cluster_scheme is not null)),
    check (match_ends_at > match_starts_at)
);
comment on table ops.post_tags is
    'One row per caption, ruleset and rule that found something: what, by which rule, and where in the caption.';

create table ops.tag_overrides (
    override_id bigint generated always as identity primary key,
    account_code text not null,
    post_id text not null,
    tag_kind text not null check (tag_kind in ('program', 'cluster', 'outreach')),
    cluster_scheme text,
    tag text not null,
    decision text not null check (decision in ('add', 'remove')),
    decided_by text not null check (decided_by = lower(btrim(decided_by)) and decided_by <> ''),
    decided_at timestamptz not null default now(),
    reason text not null check (btrim(reason) <> ''),
    check ((tag_kind = 'cluster') = (cluster_scheme is not null))
);
create index on ops.tag_overrides (account_code, post_id);
comment on table ops.tag_overrides is
    'One row per decision of a person about a tag of a post; the newest of each tag stands, whatever the rules say.';

grant select, insert on ops.tag_rulesets, ops.tagged_captions, ops.post_tags to social_metrics_transformer;
grant select on ops.tag_overrides to social_metrics_transformer;
grant select, insert on ops.tag_overrides to social_metrics_loader;
grant select on ops.tag_rulesets, ops.tagged_captions, ops.post_tags, ops.tag_overrides
    to social_metrics_closer, social_metrics_auditor;
grant usage on schema ops to social_metrics_auditor;
