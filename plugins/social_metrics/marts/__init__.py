"""Readers of the marts; they write nothing."""
