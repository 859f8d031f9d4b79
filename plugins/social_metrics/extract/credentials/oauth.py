"""How a person authorises us at a platform, declared by the platform's file for `social-metrics connect`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import TokenPair
from social_metrics.extract.http.client import ApiClient


@dataclass(frozen=True, slots=True)
class Granted:
    """The tokens and scopes that an account's owner granted; the tokens are never printed."""

    pair: TokenPair = field(repr=False)
    scopes: frozenset[str]
    platform_account_id: str | None


@dataclass(frozen=True)
class AccountGrant:
    """The OAuth steps of platforms on which each account's owner authorises us.

    Args:
        scopes: all of them are required.
        address: the login page: (connection, state) -> URL.
        exchange: exchanges the code of the redirect: (client, code) -> tokens and scopes.
        revoke: revokes an access token at the platform: (client, token).
    """

    scopes: frozenset[str]
    address: Callable[[PlatformConnection, str], str]
    exchange: Callable[[ApiClient, str], Granted]
    revoke: Callable[[ApiClient, str], None]


@dataclass(frozen=True)
class Authorisation:
    """The steps of a person and the prompts of the command.

    Args:
        steps: one sentence each, in order.
        login: the meaning of the connection's login; None without one.
        secret: the meaning of the connection's password.
        account: the OAuth steps, where each account's owner authorises us.
    """

    steps: tuple[str, ...]
    secret: str = "access token"  # noqa: S105  a prompt, no secret
    login: str | None = None
    account: AccountGrant | None = None
