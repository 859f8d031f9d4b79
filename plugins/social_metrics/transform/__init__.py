"""Transformation: plans and runs dbt, tags captions, builds the lake."""
