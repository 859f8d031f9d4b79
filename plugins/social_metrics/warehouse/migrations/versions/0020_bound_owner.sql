-- Grants stop the groups; these triggers stop the owner as well. They are row triggers, because a partition inherits
-- those and not the statement triggers of its parent. A superuser can switch them off: `verify` then finds it.
create function ops.refuse_evidence_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    -- Bodies and captions are what retention deletes; whether it might, `verify` computes from the record of the purge.
    if tg_op = 'DELETE' and tg_nargs > 0 and current_user = 'social_metrics_retention' then
        return old;
    end if;
    raise exception '% is evidence: it is only added to', tg_table_name using errcode = 'insufficient_privilege';
end $$;

-- An emptied row has one form: every count NULL, the rest as it was.
create or replace function ops.only_take_away() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    changed text;
    counts text[] := case when tg_argv[0] = 'profile' then
        array['followers_count', 'followers_precision_step', 'following_count', 'posts_count', 'views_count']
        else array['like_count', 'comment_count', 'share_count', 'view_count'] end;
    taken_on_revocation text[] := array['handle_seen', 'platform_account_id_seen', 'url'];
begin
    select string_agg(now_.key, ', ') into changed
    from jsonb_each(to_jsonb(new)) as now_
    join jsonb_each(to_jsonb(old)) as before using (key)
    where now_.value is distinct from before.value
        and not (now_.value = 'null'::jsonb and now_.key = any(counts || taken_on_revocation))
        and not (now_.key = 'followers_state' and now_.value = '"retention_expired"'::jsonb)
        and now_.key <> 'expires_at';
    if changed is not null then
        raise exception 'Retention may only empty what it purges; % would get another value', changed
            using errcode = 'insufficient_privilege';
    end if;
    if new.expires_at > old.expires_at or new.expires_at is null and old.expires_at is not null then
        raise exception 'Retention may not lengthen what a row has left' using errcode = 'insufficient_privilege';
    end if;
    if exists (select from jsonb_each(to_jsonb(new)) as left_over where key = any(counts) and value <> 'null'::jsonb) then
        raise exception 'Retention empties every count of a row, or none' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;

drop trigger only_take_away on raw.profile_snapshots;
drop trigger only_take_away on raw.posts;
create trigger only_take_away before update on raw.profile_snapshots
    for each row execute function ops.only_take_away('profile');
create trigger only_take_away before update on raw.posts
    for each row execute function ops.only_take_away('post');
do $$
declare
    evidence record;
begin
    for evidence in
        select relname from pg_class
        where relnamespace = 'raw'::regnamespace and relkind in ('r', 'p') and not relispartition
            and relname not in ('response_bodies', 'post_captions')
    loop
        execute format(
            'create trigger refuse_change before %s on raw.%I for each row execute function ops.refuse_evidence_change()',
            case when evidence.relname in ('profile_snapshots', 'posts') then 'delete' else 'update or delete' end,
            evidence.relname);
    end loop;
end $$;
create trigger refuse_change before update or delete on raw.response_bodies
    for each row execute function ops.refuse_evidence_change('retention');
create trigger refuse_change before update or delete on raw.post_captions
    for each row execute function ops.refuse_evidence_change('retention');

-- The grounds of a purge are judged by these instants and persons.
create trigger record_person_and_time before insert on ops.revocations
    for each row execute function audit.record_person_and_time('recorded_by', 'recorded_at');
create trigger record_person_and_time before insert on ops.purges
    for each row execute function audit.record_person_and_time('purged_by', 'purged_at');
create trigger record_person_and_time before insert on ops.purged_rows
    for each row execute function audit.record_person_and_time('purged_by', 'purged_at');
