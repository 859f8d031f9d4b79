-- Roles are cluster-wide and may have been created by another database of the same server.
do $$ begin create role social_metrics_recorder nologin;
    exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role social_metrics_recomputer nologin;
    exception when duplicate_object or unique_violation then null; end $$;
grant social_metrics_recorder to current_user;

-- One row per seed file and content that was in force: noted by each transform, and by a draft.
create table ops.rule_versions (
    name text not null,
    content text not null,
    sha256 text not null check (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
    noted_at timestamptz not null default clock_timestamp(),
    primary key (name, noted_at)
);
comment on table ops.rule_versions is
    'One row per content of a seed file that came into force; a close rests on versions that were sealed before it.';

-- What a seal, a draft or a report is made of comes from the service alone. A person with the group closer signs,
-- answers and requests corrections; the triggers below give these rows their person, time and number.
revoke insert on all tables in schema audit from social_metrics_closer;
grant insert on audit.approvals, audit.exception_answers, audit.correction_requests, audit.corrections
    to social_metrics_closer;
grant insert on audit.seals, audit.sealed_tables, audit.sealed_rows, audit.access_lists, audit.closes,
    audit.close_inputs, audit.scorecard_rows, audit.exceptions, audit.issued_papers, audit.deliveries
    to social_metrics_recorder;
grant select, insert on ops.rule_versions to social_metrics_recorder, social_metrics_transformer;
grant select on ops.rule_versions to social_metrics_closer, social_metrics_retention, social_metrics_auditor;

-- Evidence that models of a month select from, its seals, and counts that the record keeps; nothing else.
grant usage on schema raw, ops, audit to social_metrics_recomputer;
grant select on raw.profile_snapshots, raw.posts, raw.capture_outcomes, raw.manual_entries, raw.manual_confirmations,
    ops.account_confirmations, ops.doubted_listings, ops.reopened_days, ops.tag_rulesets, ops.tagged_captions, ops.post_tags,
    ops.tag_overrides, audit.sealed_rows, audit.scorecard_rows
    to social_metrics_recomputer;

-- A row that closer inserts by hand is an ordinary step, or it is refused: it ends no version that was approved, and
-- takes no number that would leave none for the next row.
create function audit.check_step() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if new.version is distinct from (select max(version) from audit.closes where month_start = new.month_start)
        or exists (
            select from audit.approvals where (month_start, version) = (new.month_start, new.version)
            and action in ('approved', 'refused')
        )
    then
        raise exception 'version % is not the newest, or was approved or refused already', new.version
            using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger check_step before insert on audit.approvals for each row execute function audit.check_step();

create function audit.number_answer() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    select coalesce(max(answer_no), 0) + 1 into new.answer_no from audit.exception_answers
    where (month_start, version, exception_no) = (new.month_start, new.version, new.exception_no);
    return new;
end $$;
create trigger number_answer before insert on audit.exception_answers
    for each row execute function audit.number_answer();

create function audit.check_correction() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    in_force jsonb;
begin
    select coalesce(max(correction_no), 0) + 1 into new.correction_no from audit.correction_requests;
    select coalesce((
        select asked.new_value from audit.correction_requests as asked join audit.corrections using (correction_no)
        where (asked.month_start, asked.version, asked.mart, asked.row_key, asked.figure)
            = (new.month_start, new.version, new.mart, new.row_key, new.figure)
        order by correction_no desc limit 1
    ), (
        select figures -> new.figure from audit.scorecard_rows
        where (month_start, version, mart, row_key) = (new.month_start, new.version, new.mart, new.row_key)
    )) into in_force;
    if in_force is distinct from new.old_value or not exists (
        select from audit.approvals where (month_start, version, action) = (new.month_start, new.version, 'approved')
    ) then
        raise exception 'a correction names the value in force of an approved month' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger check_correction before insert on audit.correction_requests
    for each row execute function audit.check_correction();

create trigger refuse_change before update or delete or truncate on ops.rule_versions
    for each statement execute function ops.refuse_change();
