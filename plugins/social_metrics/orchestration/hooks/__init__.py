"""Airflow connections turned into what the core works with; nothing else."""
