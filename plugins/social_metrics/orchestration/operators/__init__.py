"""Airflow tasks: each reads its arguments and calls one function of the core."""
