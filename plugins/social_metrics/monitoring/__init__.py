"""Checks of the system's health, for `doctor` and for the alerts of `watch`."""
