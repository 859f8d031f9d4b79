-- Evidence is written in the order of its instants, so that a block range index of a few pages finds a day. The partial
-- ones hold few rows: what stands in doubt, what will expire, what seems to have been captured after it was loaded.
create index on raw.profile_snapshots using brin (captured_at) with (pages_per_range = 32, autosummarize = on);
create index on raw.posts using brin (captured_at) with (pages_per_range = 32, autosummarize = on);
create index on raw.posts (account_code, url);
create index on raw.capture_outcomes (loaded_at);
create index on raw.capture_outcomes (account_code, attempted_at) where outcome = 'identity_mismatch';
create index on raw.profile_snapshots (expires_at) where expires_at is not null;
create index on raw.profile_snapshots (account_code, captured_at) where captured_at > loaded_at;

-- Autovacuum never counts a partitioned table as a whole, and comes a minute after the first load at the earliest. Who
-- builds everything asks for counting first; to be allowed to, they would have to own the tables.
create function ops.count_evidence() returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    analyze raw.profile_snapshots;
    analyze raw.posts;
    analyze raw.capture_outcomes;
    analyze raw.manual_entries;
    analyze raw.manual_confirmations;
    analyze ops.tagged_captions;
    analyze ops.post_tags;
    analyze ops.tag_overrides;
end $$;
revoke all on function ops.count_evidence from public;
grant execute on function ops.count_evidence to social_metrics_transformer, social_metrics_loader;

-- As before, and with each month the one after it: whoever captures has made ready for the turn of the month.
create or replace function ops.ensure_month_partitions(instants timestamptz[]) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
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
                'alter table raw.%I attach partition raw.%I for values from (%L) to (%L)', parent, child,
                month_start at time zone 'Asia/Jakarta',
                (month_start + interval '1 month') at time zone 'Asia/Jakarta');
            made := made + 1;
        end loop;
    end loop;
    return made;
end $$;

-- Only the two side tables that may lose rows, only months without a row, and none that a late capture could still
-- want: whoever calls cannot widen it. The lock is taken with the look, so that nothing comes in between.
create function ops.drop_emptied_months(until timestamptz) returns text[]
language plpgsql security definer set search_path = pg_catalog as $$
declare
    month record;
    holds_rows boolean;
    dropped text[] := '{}';
begin
    perform set_config('lock_timeout', '5s', true);
    for month in
        select parent.relname as parent, child.relname as child
        from pg_inherits
        inner join pg_class as parent on parent.oid = inhparent
        inner join pg_class as child on child.oid = inhrelid
        where parent.relnamespace = 'raw'::regnamespace
            and parent.relname in ('response_bodies', 'post_captions')
            and to_date(right(child.relname, 6), 'YYYYMM') + interval '4 months'
                < least(until, now()) at time zone 'Asia/Jakarta'
        order by child.relname
    loop
        execute format('select exists (select from raw.%I)', month.child) into holds_rows;
        continue when holds_rows;
        execute format('lock table raw.%I in access exclusive mode', month.parent);
        execute format('select exists (select from raw.%I)', month.child) into holds_rows;
        continue when holds_rows;
        execute format('alter table raw.%I detach partition raw.%I', month.parent, month.child);
        execute format('drop table raw.%I', month.child);
        dropped := dropped || month.child::text;
    end loop;
    return dropped;
end $$;
revoke all on function ops.drop_emptied_months from public;
grant execute on function ops.drop_emptied_months to social_metrics_retention;
