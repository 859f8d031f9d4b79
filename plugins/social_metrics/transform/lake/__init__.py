"""The second warehouse engine's room: evidence lands as Parquet, Spark builds marts from it, PostgreSQL serves them."""
