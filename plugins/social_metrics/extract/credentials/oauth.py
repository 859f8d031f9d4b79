"""How a person authorises us at a platform: what the platform's file tells `social-metrics connect`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.extracted import TokenPair
from social_metrics.extract.http.client import ApiClient


@dataclass(frozen=True, slots=True)
class Granted:
    """What an account's owner granted; the tokens are never printed."""

    pair: TokenPair = field(repr=False)
    scopes: frozenset[str]
    platform_account_id: str | None


@dataclass(frozen=True)
class AccountGrant:
    """For platforms on which each account's owner authorises us.

    Args:
        scopes: all of them are needed.
        address: where the owner logs in: (connection, state) -> URL.
        exchange: the code of the redirect for tokens: (client, code) -> what was granted.
        revoke: tells the platform that we give an access token back.
    """

    scopes: frozenset[str]
    address: Callable[[PlatformConnection, str], str]
    exchange: Callable[[ApiClient, str], Granted]
    revoke: Callable[[ApiClient, str], None]


@dataclass(frozen=True)
class Authorisation:
    """What a person does and is asked for.

    Args:
        steps: one sentence each, in order.
        login: what the connection's login is; None where it has none.
        secret: what the connection's password is.
        account: how each account's owner authorises us, where that is the platform's way.
    """

    steps: tuple[str, ...]
    secret: str = "access token"  # noqa: S105  what to ask for, no secret
    login: str | None = None
    account: AccountGrant | None = None
