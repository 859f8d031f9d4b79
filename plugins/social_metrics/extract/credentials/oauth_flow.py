"""An owner's authorisation of one account: exchanged, checked and stored; or revoked."""

import importlib
from datetime import datetime

from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connection_test import unrecorded_client
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.endpoint import clock_of
from social_metrics.extract.credentials.oauth import AccountGrant, Authorisation
from social_metrics.extract.credentials.revocations import record_revocation
from social_metrics.extract.credentials.token_store import access_token_of, cipher, forget_tokens, store_granted
from social_metrics.extract.extracted import CaptureFailure
from social_metrics.registry.account import Account
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings
from social_metrics.warehouse.connect import connect

GENERAL = Authorisation(("Make a secret for our application on the platform's developer pages.",))


def authorisation_of(platform: str) -> Authorisation:
    """The authorisation that the platform's file declares, or a general one."""
    module = importlib.import_module(f"social_metrics.extract.platforms.{platform}")
    return getattr(module, "AUTHORISATION", GENERAL)


def exchange_code(
    account: Account,
    grant: AccountGrant,
    code: str,
    connection: PlatformConnection,
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
) -> datetime | None:
    """Exchange an owner's code for tokens, and store them when account and scopes are right.

    Returns:
        the end of the authorisation (UTC instant), if the platform names one.

    Raises:
        UsageProblem: the platform refused, the account is another one, or a scope is missing; nothing is stored.
    """
    keys = cipher(settings.credentials_key)
    client = unrecorded_client(connection, registry, settings, "connect")
    try:
        granted = grant.exchange(client, code)
    except CaptureFailure as failure:
        raise UsageProblem(
            f"{account.platform} refused the code: {failure.detail}. Start the authorisation again."
        ) from failure
    expected = account.platform_account_id
    if expected and granted.platform_account_id and granted.platform_account_id != expected:
        raise UsageProblem(
            f"The login was {granted.platform_account_id}, but {account.account_code} is {expected}. Nothing was "
            "saved. Log in as the center's account and start the authorisation again."
        )
    if lacking := sorted(grant.scopes - granted.scopes):
        raise UsageProblem(
            f"{account.account_code} was authorised without {', '.join(lacking)}. Nothing was saved. "
            "Start the authorisation again and leave every box ticked."
        )
    with connect(warehouse_url, "loader") as warehouse:
        store_granted(warehouse, keys, account, granted.pair, client.clock.now())
    return granted.pair.refresh_expires_at


def revoke_grant(
    account: Account,
    grant: AccountGrant,
    connection: PlatformConnection,
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
) -> tuple[bool, str | None]:
    """Revoke an account's authorisation at the platform and delete our tokens, whatever the platform responds.

    The next retention run deletes what was read with it.

    Returns:
        whether there were tokens, and the platform's error, if any.
    """
    refusal = None
    own_now = clock_of(connection).now()
    with connect(warehouse_url, "loader") as warehouse:
        token = access_token_of(warehouse, cipher(settings.credentials_key), account)
        if token:
            try:
                grant.revoke(unrecorded_client(connection, registry, settings, "connect"), token)
            except CaptureFailure as failure:
                refusal = failure.detail
        had_tokens = forget_tokens(warehouse, account.account_code)
        if had_tokens:
            record_revocation(
                warehouse, account.account_code, account.platform, own_now, "given back by `connect --revoke`"
            )
        return had_tokens, refusal
