"""Credentials: connections, OAuth, and the encrypted store of rotating tokens."""
