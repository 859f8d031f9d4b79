"""The registry: platforms, centers, accounts, roles and retention rules as CSV files, loaded, validated and edited."""
