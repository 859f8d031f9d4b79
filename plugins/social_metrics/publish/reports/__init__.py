"""The monthly reports: PDF and workbooks."""
