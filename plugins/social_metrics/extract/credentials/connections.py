"""Airflow connections read without Airflow: the CLI and the tasks use the same AIRFLOW_CONN_… variables."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from social_metrics.contract import AuthorizationMode
from social_metrics.errors import UsageProblem
from social_metrics.extract.limits.spend_limits import CredentialLimits
from social_metrics.warehouse.connect import connection_from_environment


def platform_conn_id(platform: str) -> str:
    """The connection that holds a platform's credential, e.g. social_metrics_youtube."""
    return f"social_metrics_{platform}"


@dataclass(frozen=True)
class PlatformConnection:
    """Where a platform's API is and who we are there.

    `secret` is the API key, bearer or client secret and never printed. `login` is the public part: the client key, or
    our own Instagram user id.
    """

    platform: str
    base_url: str
    login: str | None
    secret: str | None = field(repr=False)
    authorization_mode: AuthorizationMode = AuthorizationMode.PUBLIC
    simulated_clock: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    limits: CredentialLimits = field(default_factory=CredentialLimits)

    @property
    def credential_name(self) -> str:
        """The credential's name in the ledger and in the circuit breakers; never the secret."""
        return str(self.extra.get("credential_name") or self.platform)

    @property
    def expires_at(self) -> datetime | None:
        """The expiry date of a static secret, from the extra `expires_at`; None without one.

        Raises:
            UsageProblem: it is not a date.
        """
        value = self.extra.get("expires_at")
        if not value:
            return None
        try:
            return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
        except ValueError as error:
            raise UsageProblem(
                f"The connection {platform_conn_id(self.platform)}: expires_at is {value!r}; write a date, 2027-01-31."
            ) from error

    @property
    def app_secret(self) -> str | None:
        """The application's secret, from which Meta's proof is computed; never sent itself."""
        value = self.extra.get("app_secret")
        return str(value) if value else None

    @property
    def fingerprint(self) -> str:
        """Identifies a credential without revealing it: part of a SHA-256."""
        parts = [str(self.login), str(self.secret), *filter(None, [self.app_secret])]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @classmethod
    def from_parts(
        cls, platform: str, host: str | None, login: str | None, secret: str | None, extra: Mapping[str, Any]
    ) -> "PlatformConnection":
        """Build from the fields of an Airflow connection.

        Raises:
            UsageProblem: the host is missing, the authorization mode unknown, or a limit not a number.
        """
        where = f"The connection {platform_conn_id(platform)}"
        if not host:
            raise UsageProblem(f"{where} has no host. Set it to the platform's address, e.g. https://api.x.com.")
        if "://" not in host:
            host = f"https://{host}"
        mode = str(extra.get("authorization_mode", AuthorizationMode.PUBLIC))
        if mode not in list(AuthorizationMode):
            raise UsageProblem(f"{where}: authorization_mode is {mode!r}; write 'public', 'owner' or 'amendment'.")
        simulated = extra.get("simulated_clock", False)
        return cls(
            platform=platform,
            base_url=host.rstrip("/"),
            login=login or None,
            secret=secret or None,
            authorization_mode=AuthorizationMode(mode),
            simulated_clock=simulated is True or str(simulated).lower() == "true",
            limits=CredentialLimits.from_extra(extra, where),
            extra=dict(extra),
        )


def platform_connection(platform: str) -> PlatformConnection:
    """The platform's connection from the environment.

    Raises:
        UsageProblem: it is not set or cannot be used.
    """
    parts = connection_from_environment(platform_conn_id(platform))
    host = base_address(parts.get("host"), parts.get("schema"), parts.get("port"))
    return PlatformConnection.from_parts(platform, host, parts.get("login"), parts.get("password"), parts["extra"])


def base_address(host: str | None, scheme: str | None, port: int | None) -> str | None:
    """A platform's URL from the fields of a connection; a host that is a URL already is returned unchanged."""
    if not host or "://" in host:
        return host
    return f"{scheme or 'https'}://{host}" + (f":{port}" if port else "")
