"""The simulator's own tests: what it answers is held against the official schemas, clients and recordings."""
