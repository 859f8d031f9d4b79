"""What readers get: the page, the monthly reports, the dashboards."""
