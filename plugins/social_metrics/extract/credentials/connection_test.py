"""Test calls of a person: check a platform's credential, and resolve an address to the platform's id."""

import importlib

from social_metrics.clock import wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection, platform_conn_id
from social_metrics.extract.credentials.endpoint import clock_of, source_of
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from social_metrics.extract.http.client import ApiClient, Recorder
from social_metrics.extract.limits.budget import Budget, Budgets
from social_metrics.registry.account import Account
from social_metrics.registry.account_urls import AccountAddress
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings


def check_connection(connection: PlatformConnection, registry: Registry, settings: Settings) -> str:
    """Read one official account's profile without storing it.

    The platform charges for the call as for any profile, but the ledger does not contain it.

    Args:
        connection: the connection to test.
        registry: provides the account to read.
        settings: the call's timeout.

    Returns:
        the result as a sentence.

    Raises:
        UsageProblem: the credential, the address or the registry does not allow it; the text names the next step.
    """
    platform = registry.platforms.get(connection.platform)
    if platform is None:
        raise UsageProblem(
            f"{connection.platform!r} is not a platform of the registry. Write one of "
            f"{', '.join(registry.platforms)} into the connection's field 'platform'."
        )
    source = source_of(platform, connection)
    module = importlib.import_module(f"social_metrics.extract.platforms.{connection.platform}")
    account = next(iter(registry.accounts_on(connection.platform, wib_date(clock_of(connection).now()))), None)
    if account is None:
        return (
            f"{platform.platform_label}'s address is allowed. The registry has no verified account there yet, so no "
            "call was made."
        )
    if hasattr(module, "refresh"):
        if not (connection.login and connection.secret):
            raise UsageProblem(
                f"{platform.platform_label} needs the app's client key as login and its secret as password. Set both "
                f"in the connection {platform_conn_id(connection.platform)}."
            )
        return (
            f"{platform.platform_label}'s address is allowed, and the app's key and secret are set. Each account has "
            "its own token there, which a test would use up, so no call was made."
        )
    profile = _read(connection, registry, settings, account)
    if isinstance(profile, CaptureFailure):
        raise UsageProblem(
            f"{platform.platform_label} answered for {account.account_code}: {profile.outcome}, {profile.detail}."
        )
    return f"{platform.platform_label} answered for {account.account_code} (source: {source})."


def resolve_identity(
    address: AccountAddress, connection: PlatformConnection, registry: Registry, settings: Settings
) -> ExtractedProfile | None:
    """The profile of an address, with its id and handle; None where only the owner can read it (TikTok).

    Raises:
        UsageProblem: the platform does not show the account, or the connection cannot be used.
    """
    platform = registry.platforms[address.platform]
    source_of(platform, connection)
    if hasattr(importlib.import_module(f"social_metrics.extract.platforms.{address.platform}"), "refresh"):
        return None
    account_id = address.platform_account_id
    account = Account(
        address.url, "", address.platform, account_id, address.handle, address.url, "submitted", None, None
    )
    profile = _read(connection, registry, settings, account)
    if isinstance(profile, CaptureFailure):
        raise UsageProblem(
            f"{platform.platform_label} answered for {address.url}: {profile.outcome}, {profile.detail}."
        )
    return profile


def unrecorded_client(connection: PlatformConnection, registry: Registry, settings: Settings, run_id: str) -> ApiClient:
    """A client for a person's own calls: without retries, and without evidence or ledger entries.

    Args:
        connection: the platform's credential and address.
        registry: the registry in force.
        settings: the call's timeout.
        run_id: the purpose of the calls.
    """
    platform = registry.platforms[connection.platform]
    module = importlib.import_module(f"social_metrics.extract.platforms.{connection.platform}")
    return ApiClient(
        module.RULES,
        connection,
        clock_of(connection),
        Recorder(run_id, 1, source_of(platform, connection), None),
        Budgets(Budget(platform, platform.platform_label)),
        timeout_seconds=settings.http_timeout_seconds,
        attempts=1,
    )


def _read(
    connection: PlatformConnection, registry: Registry, settings: Settings, account: Account
) -> ExtractedProfile | CaptureFailure:
    module = importlib.import_module(f"social_metrics.extract.platforms.{connection.platform}")
    client = unrecorded_client(connection, registry, settings, "connection_test")
    try:
        profile: ExtractedProfile | CaptureFailure = module.read_profiles(client, [account])[account.account_code]
    except CaptureFailure as failure:
        return failure
    return profile
