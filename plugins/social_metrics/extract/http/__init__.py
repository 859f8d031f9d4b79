"""HTTP: the one way to a platform, with its guards and the redaction of what is kept."""
