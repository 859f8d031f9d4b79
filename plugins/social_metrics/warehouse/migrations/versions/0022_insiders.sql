-- A version ends once. The trigger check_step asks for it in words, but does not see what another transaction has not
-- committed yet, or committed after this one's snapshot.
create unique index approvals_one_end on audit.approvals (month_start, version) where action in ('approved', 'refused');

-- What a person writes is short: a value of megabytes would stop every seal.
alter table audit.correction_requests
    add constraint new_value_is_short check (
        case when jsonb_typeof(new_value) in ('object', 'array') then false else length(new_value::text) <= 2000 end
    ) not valid,
    add constraint texts_are_short check (length(reason) <= 2000 and length(document_number) <= 2000) not valid;
alter table audit.exception_answers add constraint texts_are_short check (length(answer) <= 2000) not valid;
alter table audit.approvals add constraint texts_are_short check (length(reason) <= 2000) not valid;

create or replace function audit.number_answer() returns trigger language plpgsql as $$
begin
    if new.version is distinct from (select max(version) from audit.closes where month_start = new.month_start)
        or exists (select from audit.approvals where (month_start, version) = (new.month_start, new.version))
    then
        raise exception 'version % is not the newest, or was submitted already', new.version
            using errcode = 'check_violation';
    end if;
    select coalesce(max(answer_no), 0) + 1 into new.answer_no from audit.exception_answers
    where (month_start, version, exception_no) = (new.month_start, new.version, new.exception_no);
    return new;
end $$;

-- The number of a report says which was issued first: it is the sequence's, whatever the statement gives.
create function audit.number_paper() returns trigger language plpgsql as $$
begin
    new.paper_no := nextval('audit.issued_papers_paper_no_seq');
    return new;
end $$;
create trigger number_paper before insert on audit.issued_papers for each row execute function audit.number_paper();
grant usage on sequence audit.issued_papers_paper_no_seq to social_metrics_recorder;

-- The table has no column for a person; the first argument names none.
create trigger record_person_and_time before insert on ops.rule_versions
    for each row execute function audit.record_person_and_time('noted_by', 'noted_at');

-- Who may empty rows does not provide the ground for it as well.
revoke insert on ops.revocations from social_metrics_retention;

-- As before; a new partition refuses to be truncated, too: no partition inherits that trigger.
create or replace function ops.ensure_month_partitions(instants timestamptz[]) returns integer
language plpgsql security definer as $$
declare
    month_start timestamp;
    parent text;
    child text;
    made integer := 0;
begin
    for month_start in
        select distinct date_trunc('month', i at time zone 'Asia/Jakarta') + ahead
        from unnest(instants) as i
        cross join unnest(array[interval '0 months', interval '1 month']) as ahead
        order by 1
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
                'create trigger refuse_truncate before truncate on raw.%I '
                'for each statement execute function ops.refuse_evidence_change()', child);
            execute format(
                'alter table raw.%I attach partition raw.%I for values from (%L) to (%L)', parent, child,
                month_start at time zone 'Asia/Jakarta',
                (month_start + interval '1 month') at time zone 'Asia/Jakarta');
            made := made + 1;
        end loop;
    end loop;
    return made;
end $$;
do $$
declare
    evidence record;
begin
    for evidence in
        select oid::regclass as name from pg_class where relnamespace = 'raw'::regnamespace and relkind in ('r', 'p')
    loop
        execute format(
            'create trigger refuse_truncate before truncate on %s '
            'for each statement execute function ops.refuse_evidence_change()', evidence.name);
    end loop;
end $$;

-- A session's temporary tables and types come last: unless pg_temp is named, they come first, and a definer's function
-- would run what its caller put there. Functions of the form RETURN were parsed when they were made.
do $$
declare
    routine record;
begin
    for routine in
        select oid::regprocedure as signature from pg_proc
        where pronamespace::regnamespace::text in ('raw', 'ops', 'audit') and prosqlbody is null
    loop
        execute format('alter function %s set search_path = pg_catalog, pg_temp', routine.signature);
    end loop;
end $$;
