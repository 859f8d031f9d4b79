-- Run once by an administrator (superuser) in the warehouse's database; harmless when repeated. PostgreSQL gives these
-- rights to everybody, and only a superuser takes them away: locks by which a reader could stop the record, large
-- objects, log messages, programs and temporary files by which a reader could fill the disk. The owner of the database
-- passes locks and language on to the groups that need them (`social-metrics migrate`), and may see and end sessions
-- that exceed their time.
do $$
declare
    owner name := (select pg_get_userbyid(datdba) from pg_database where datname = current_database());
    routine record;
begin
    for routine in
        select oid::regprocedure as signature, proname like '%advisory%' as is_lock from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace
            and (proname ~ '^pg_(try_)?advisory' or proname ~ '^lo_' or proname in ('loread', 'lowrite')
                or proname = 'pg_logical_emit_message')
    loop
        execute format('revoke execute on function %s from public', routine.signature);
        if routine.is_lock then
            execute format('grant execute on function %s to %I with grant option', routine.signature, owner);
        end if;
    end loop;
    revoke usage on language plpgsql from public;
    execute format('grant usage on language plpgsql to %I with grant option', owner);
    execute format('alter database %I set temp_file_limit = %L', current_database(), '10GB');
    execute format('grant pg_read_all_stats, pg_signal_backend to %I', owner);
end $$;
