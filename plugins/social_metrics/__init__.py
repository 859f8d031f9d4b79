"""Follower growth and posting recency of the rehabilitation centers' social media accounts.

One direction, no way back: platforms → raw → dbt → marts → boards. The rooms and who may import whom are
listed in `pyproject.toml` (import contracts). Only `assets`, `hooks` and `operators` know Airflow.
"""
