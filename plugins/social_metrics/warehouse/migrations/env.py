"""Alembic environment: one connection given by `warehouse.migrate`, one transaction for all migrations."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
