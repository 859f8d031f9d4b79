"""The second engine: evidence lands as Parquet, Spark builds marts from it, PostgreSQL serves them."""
