-- Run once by the postgres image when its volume is empty: three databases, each with a login of its own.
-- The same as local_stack/databases.py does for the local stack.
\set ON_ERROR_STOP on
\getenv warehouse_password SOCIAL_METRICS_WAREHOUSE_PASSWORD
\getenv airflow_password AIRFLOW_METADATA_PASSWORD
\getenv superset_password SUPERSET_METADATA_PASSWORD

create role social_metrics_service login createrole password :'warehouse_password';
create database social_metrics owner social_metrics_service;
revoke connect, temporary on database social_metrics from public;

create role social_metrics_airflow login password :'airflow_password';
create database social_metrics_airflow owner social_metrics_airflow;
revoke connect, temporary on database social_metrics_airflow from public;

create role social_metrics_superset login password :'superset_password';
create database social_metrics_superset owner social_metrics_superset;
revoke connect, temporary on database social_metrics_superset from public;

-- Locks and large objects of the warehouse are not everybody's.
\connect social_metrics
\ir ../plugins/social_metrics/warehouse/server_rights.sql
