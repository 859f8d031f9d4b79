"""Extraction: from the platforms to raw records."""
