"""Airflow connections, converted to the types of the core."""
