-- Roles are cluster-wide and may have been made by another database of the same server.
do $$ begin create role social_metrics_center_reader nologin;
    exception when duplicate_object or unique_violation then null; end $$;

-- A definer's function: a login learns its own center and reads no list of logins. session_user is the login itself,
-- whatever SET ROLE has made of it. Row policies (dbt_project/macros/row_security.sql) ask it once a query.
create table ops.center_logins (
    login_name text primary key,
    center_code text not null
);
comment on table ops.center_logins is
    'Login → the center whose rows it reads in marts; written by `social-metrics bi logins` and nobody else.';

create function ops.center_of_login() returns text
    language sql stable security definer set search_path = ''
    return (select logins.center_code from ops.center_logins as logins where logins.login_name = session_user);
comment on function ops.center_of_login is 'Center of the login that is connected; null when it has none.';
revoke execute on function ops.center_of_login from public;

grant social_metrics_center_reader to current_user;
grant execute on function ops.center_of_login to social_metrics_center_reader, social_metrics_transformer;
grant usage on schema marts to social_metrics_center_reader;
