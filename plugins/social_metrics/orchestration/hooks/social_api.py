"""A connection of the type social_api → `PlatformConnection`, and its test button."""

from airflow.sdk import BaseHook, Connection

from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connection_test import check_connection
from social_metrics.extract.credentials.connections import PlatformConnection, base_address, platform_conn_id
from social_metrics.registry.registry import load_registry
from social_metrics.settings import load_settings


class SocialApiHook(BaseHook):
    """One platform's API: its address and our credential.

    `hooks.provider` defines the form in the UI.

    Args:
        conn_id: an Airflow connection, usually social_metrics_<platform>.
        platform: a platform of the registry; taken from the connection's field `platform`, or from its id,
            when not given.
    """

    conn_name_attr = "conn_id"
    default_conn_name = platform_conn_id("youtube")
    conn_type = "social_api"
    hook_name = "Social media API"

    def __init__(self, conn_id: str = default_conn_name, platform: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.platform = platform

    @classmethod
    def of(cls, platform: str) -> "SocialApiHook":
        """The hook of a platform's default connection."""
        return cls(platform_conn_id(platform), platform)

    def get_conn(self) -> PlatformConnection:
        """The connection as the core's type.

        Raises:
            UsageProblem: the connection has no host, or a field cannot be used.
        """
        connection = self.get_connection(self.conn_id)
        return PlatformConnection.from_parts(
            self._platform_of(connection),
            base_address(connection.host, connection.schema, connection.port),
            connection.login,
            connection.password,
            connection.extra_dejson,
        )

    def test_connection(self) -> tuple[bool, str]:
        """One cheap call with this credential: whether it works, and a message for the user."""
        try:
            settings = load_settings()
            registry = load_registry(settings.registry_dir)
            return True, check_connection(self.get_conn(), registry, settings)
        except UsageProblem as problem:
            return False, str(problem)

    def _platform_of(self, connection: Connection) -> str:
        return (
            self.platform
            or str(connection.extra_dejson.get("platform") or "")
            or self.conn_id.removeprefix(platform_conn_id(""))
        )
