"""Limits: budgets, spending and circuit breakers."""
