"""The connection social_metrics_warehouse → the warehouse's address."""

from airflow.sdk import BaseHook

from social_metrics.warehouse.connect import WAREHOUSE_CONN_ID, url_from_parts


class WarehouseHook(BaseHook):
    """The warehouse's address and our login.

    Args:
        conn_id: an Airflow connection of the type Postgres.
    """

    conn_name_attr = "conn_id"
    default_conn_name = WAREHOUSE_CONN_ID
    hook_name = "Social metrics warehouse"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def url(self) -> str:
        """The warehouse's address, postgresql://…, with the password in it: never log it.

        Raises:
            UsageProblem: the connection lacks host, login or database name.
        """
        connection = self.get_connection(self.conn_id)
        return url_from_parts(
            connection.host, connection.port, connection.login, connection.password, connection.schema
        )
