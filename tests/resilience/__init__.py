"""Fault × stage × platform: whatever dies in the middle of an evening, nothing is lost and nothing stands twice."""
