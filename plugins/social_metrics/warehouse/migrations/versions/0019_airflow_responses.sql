-- Roles are cluster-wide and may have been created by another database of the same server.
do $$ begin create role social_metrics_notary nologin;
    exception when duplicate_object or unique_violation then null; end $$;

create table audit.airflow_responses (
    response_id uuid not null,
    -- Dates the row: it belongs to the seal after the copy, however long ago the person answered.
    copied_at timestamptz not null,
    copied_by text not null,
    responded_at timestamptz not null,
    dag_id text not null,
    run_id text not null,
    task_id text not null,
    map_index integer not null,
    user_id text not null,
    person text not null,
    chosen_options text[] not null,
    params_input jsonb not null,
    subject text not null,
    body text not null,
    primary key (response_id, responded_at)
);
comment on table audit.airflow_responses is
    'One row per answer to a form of Airflow (hitl_detail), copied by a login that no task holds: who answered what, '
    'and what the form showed. response_id is the task instance''s id.';

create function audit.refuse_service() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if session_user = (select pg_get_userbyid(datdba) from pg_database where datname = current_database()) then
        raise exception 'the service login cannot prove what it has signed for others: copy with a login of the group '
            'social_metrics_notary' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;

create trigger refuse_change before update or delete or truncate on audit.airflow_responses
    for each statement execute function audit.refuse_change();
create trigger refuse_service before insert on audit.airflow_responses
    for each row execute function audit.refuse_service();
create trigger record_person_and_time before insert on audit.airflow_responses
    for each row execute function audit.record_person_and_time('copied_by', 'copied_at');

alter table audit.approvals add column response_id uuid unique;
alter table audit.exception_answers add column response_id uuid;

grant usage on schema audit to social_metrics_notary;
grant select, insert on audit.airflow_responses to social_metrics_notary;
grant select on audit.airflow_responses to social_metrics_closer, social_metrics_auditor;
