"""PostgreSQL: connection, migrations, locks, the raw loader and maintenance."""
