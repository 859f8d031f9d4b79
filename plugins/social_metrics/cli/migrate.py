"""`social-metrics migrate`: the warehouse's own tables."""

import psycopg

from social_metrics.cli.connection import warehouse
from social_metrics.cli.console import Format, FormatOption, output, print_json
from social_metrics.warehouse.connect import WarehouseProblem, open_connection


def migrate(output_format: FormatOption = Format.TABLE) -> None:
    """Bring the warehouse's schemas, tables and roles to the newest version; harmless when they are.

    Examples:
    - `social-metrics migrate`
    - `social-metrics migrate --format json`
    """
    # Alembic and SQLAlchemy take a second to import; `social-metrics top` need not wait for them.
    import sqlalchemy.exc

    from social_metrics.warehouse import migrate as migrations

    with warehouse(explicit=True) as url:
        _refuse_unreachable(url)
        try:
            applied = migrations.pending(url)
            migrations.upgrade(url)
        except sqlalchemy.exc.SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise WarehouseProblem(
                f"The warehouse refuses the migration: {said}. The login needs to own the database and the right "
                "to create roles; nothing was changed."
            ) from error
    if output_format is Format.JSON:
        print_json({"applied": applied})
        return
    output().print(f"Applied: {', '.join(applied)}." if applied else "The warehouse is up to date.")


def _refuse_unreachable(url: str) -> None:
    """Refuse a server that does not answer; missing roles are no problem, since the migration creates them."""
    try:
        open_connection(url, "loader").close()
    except WarehouseProblem as problem:
        if not isinstance(problem.__cause__, (psycopg.DataError, psycopg.ProgrammingError)):
            raise
