"""Follower growth and posting recency of the rehabilitation centers' social media accounts.

Data flows one way: platforms → raw → dbt → marts → boards. The layers of the packages are the import contracts in
`pyproject.toml`; only `orchestration` imports Airflow.
"""
