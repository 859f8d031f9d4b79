"""Task functions of the DAGs: each calls the core; a package that is slow to import is imported inside them.

Arguments with the default None (`dag_run`, `ti`, `params`, …) come from Airflow's context. A dictionary is one XCom
(`multiple_outputs=False`).
"""
