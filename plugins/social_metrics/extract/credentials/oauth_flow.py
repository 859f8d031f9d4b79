"""An owner's authorisation of one account: taken, checked against what is needed, saved; or given back."""

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
    """What the platform's file says of it; a general word where it says nothing."""
    module = importlib.import_module(f"social_metrics.extract.platforms.{platform}")
    return getattr(module, "AUTHORISATION", GENERAL)


def take_grant(
    account: Account,
    grant: AccountGrant,
    code: str,
    connection: PlatformConnection,
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
) -> datetime | None:
    """Exchange an owner's code for tokens and save them, when they are of this account and allow everything.

    Returns:
        when the authorisation ends (UTC instant), if the platform says so.

    Raises:
        UsageProblem: the platform refused, it is another account's, or a box was left unticked; nothing is saved then.
    """
    keys = cipher(settings.credentials_key)
    client = unrecorded_client(connection, registry, settings, "connect")
    try:
        granted = grant.exchange(client, code)
    except CaptureFailure as failure:
        raise UsageProblem(f"{account.platform} refused the code: {failure.detail}. Begin again.") from failure
    expected = account.platform_account_id
    if expected and granted.platform_account_id and granted.platform_account_id != expected:
        raise UsageProblem(
            f"Somebody logged in as {granted.platform_account_id}, but {account.account_code} is {expected}. "
            "Log in as the center's account and begin again; nothing was saved."
        )
    if lacking := sorted(grant.scopes - granted.scopes):
        raise UsageProblem(
            f"{account.account_code} was authorised without {', '.join(lacking)}. "
            "Begin again and leave every box ticked; nothing was saved."
        )
    with connect(warehouse_url, "loader") as warehouse:
        store_granted(warehouse, keys, account, granted.pair, client.clock.now())
    return granted.pair.refresh_expires_at


def give_back(
    account: Account,
    grant: AccountGrant,
    connection: PlatformConnection,
    registry: Registry,
    settings: Settings,
    warehouse_url: str,
) -> tuple[bool, str | None]:
    """Revoke an account's authorisation: the platform is told and our tokens are deleted, whatever it answers.

    The next run of retention deletes what was read with it.

    Returns:
        whether there were tokens, and what the platform said against it, if anything.
    """
    said = None
    own_now = clock_of(connection).now()
    with connect(warehouse_url, "loader") as warehouse:
        token = access_token_of(warehouse, cipher(settings.credentials_key), account)
        if token:
            try:
                grant.revoke(unrecorded_client(connection, registry, settings, "connect"), token)
            except CaptureFailure as failure:
                said = failure.detail
        had_tokens = forget_tokens(warehouse, account.account_code)
        if had_tokens:
            record_revocation(
                warehouse, account.account_code, account.platform, own_now, "given back by `connect --revoke`"
            )
        return had_tokens, said
