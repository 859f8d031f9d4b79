"""Warehouse access: migrations, the raw loader, what is already captured, and reading the marts."""
