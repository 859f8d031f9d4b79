"""Migrates the warehouse's own schemas (`raw`, `ops`, `audit`) to the newest version."""

from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from social_metrics.warehouse.recompute_login import ensure_recompute_login

# One migrator at a time: two containers starting together must not both create the schemas.
MIGRATION_LOCK = 5_120_401


# Where `server_rights.sql` has taken them from everybody; without it this finds nothing to pass on.
_GRANT_ON = """
do $$
declare
    routine regprocedure;
begin
    for routine in
        select oid::regprocedure from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_(try_)?advisory'
            and has_function_privilege(current_user, oid, 'execute with grant option')
    loop
        execute format(
            'grant execute on function %s to social_metrics_loader, social_metrics_transformer, '
            'social_metrics_recorder, social_metrics_retention', routine);
    end loop;
    if has_language_privilege(current_user, 'plpgsql', 'usage with grant option') then
        grant usage on language plpgsql to social_metrics_transformer;
    end if;
end $$
"""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))


def upgrade(url: str) -> None:
    """Migrate the database at `url` (postgresql://…) to the newest revision; running it again changes nothing.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the server is unreachable or rejects a statement; all is rolled back.
    """
    engine = _engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({MIGRATION_LOCK})")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    grant_database_rights(url)


def grant_database_rights(url: str) -> None:
    """Grant what dumps and clones do not contain: rights of the database, groups in groups, the recomputing login.

    Closer, auditor and the readers are the groups of people with logins of their own.
    """
    with psycopg.connect(url) as connection:
        connection.execute("grant social_metrics_closer to social_metrics_recorder")
        ensure_recompute_login(connection, url)
        connection.execute(_GRANT_ON)
        for rights in (
            "grant temporary on database {} to social_metrics_loader, social_metrics_transformer, "
            "social_metrics_recorder, social_metrics_retention",
            "revoke temporary on database {} from social_metrics_closer",
            "grant connect, temporary on database {} to social_metrics_recomputer",
            "grant connect on database {} to social_metrics_closer, social_metrics_auditor, social_metrics_bi_reader,"
            " social_metrics_center_reader, social_metrics_notary",
        ):
            connection.execute(sql.SQL(rights).format(sql.Identifier(connection.info.dbname)))


def pending(url: str) -> list[str]:
    """Revisions that the database at `url` still lacks, oldest first."""
    script = ScriptDirectory.from_config(_config())
    engine = _engine(url)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    missing = [revision.revision for revision in script.iterate_revisions("head", current or "base")]
    return list(reversed(missing))
