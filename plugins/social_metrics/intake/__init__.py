"""Files that people hand in: workbooks of manual entries and lists of accounts."""
