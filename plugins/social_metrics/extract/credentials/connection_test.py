"""A person's own look at a platform: does its credential work, and which id does an address lead to?"""

import importlib
from datetime import date

from social_metrics.clock import wib_date
from social_metrics.errors import UsageProblem
from social_metrics.extract.credentials.connections import PlatformConnection
from social_metrics.extract.credentials.endpoint import clock_of, source_of
from social_metrics.extract.extracted import CaptureFailure, ExtractedProfile
from social_metrics.extract.http.client import ApiClient, Recorder
from social_metrics.extract.limits.budget import Budget
from social_metrics.registry.account import Account
from social_metrics.registry.account_urls import AccountAddress
from social_metrics.registry.registry import Registry
from social_metrics.settings import Settings


def check_connection(connection: PlatformConnection, registry: Registry, settings: Settings) -> str:
    """Read one official account's profile, and keep nothing of it.

    The call costs what the platform charges for a profile; being a person's own look, it is not in the ledger.

    Args:
        connection: to be tested.
        registry: names the account to ask for.
        settings: the call's timeout.

    Returns:
        a sentence that says what answered.

    Raises:
        UsageProblem: the credential, the address or the registry does not allow it; the text says what to do.
    """
    platform = registry.platforms.get(connection.platform)
    if platform is None:
        raise UsageProblem(
            f"{connection.platform!r} is not a platform of the registry. Write one of "
            f"{', '.join(registry.platforms)} into the connection's field 'platform'."
        )
    source = source_of(platform, connection)
    clock = clock_of(connection)
    module = importlib.import_module(f"social_metrics.extract.platforms.{connection.platform}")
    account = _first_account(registry, connection.platform, wib_date(clock.now()))
    if account is None:
        return (
            f"{platform.platform_label}'s address may be used. The registry has no verified account there yet, "
            "so nothing was asked."
        )
    if hasattr(module, "refresh"):
        if not (connection.login and connection.secret):
            raise UsageProblem(
                f"{platform.platform_label} needs the app's client key as login and its secret as password."
            )
        return (
            f"{platform.platform_label}'s address may be used and the app's key and secret are set. Each account has "
            "a token of its own there, which a test would use up, so nothing was asked."
        )
    reading = _read(connection, registry, settings, account)
    if isinstance(reading, CaptureFailure):
        raise UsageProblem(
            f"{platform.platform_label} answered for {account.account_code}: {reading.outcome}, {reading.detail}."
        )
    return f"{platform.platform_label} answered for {account.account_code} (source: {source})."


def resolve_identity(
    address: AccountAddress, connection: PlatformConnection, registry: Registry, settings: Settings
) -> ExtractedProfile | None:
    """What the platform says of an address: its id and handle; None where only the owner could ask (TikTok).

    Raises:
        UsageProblem: the platform does not show such an account, or the connection cannot be used.
    """
    platform = registry.platforms[address.platform]
    source_of(platform, connection)
    if hasattr(importlib.import_module(f"social_metrics.extract.platforms.{address.platform}"), "refresh"):
        return None
    account = Account(
        address.url,
        "",
        address.platform,
        address.platform_account_id,
        address.handle,
        address.url,
        "submitted",
        None,
        None,
    )
    reading = _read(connection, registry, settings, account)
    if isinstance(reading, CaptureFailure):
        raise UsageProblem(
            f"{platform.platform_label} answered for {address.url}: {reading.outcome}, {reading.detail}."
        )
    return reading


def unrecorded_client(connection: PlatformConnection, registry: Registry, settings: Settings, run_id: str) -> ApiClient:
    """A client for a person's own calls: tried once, not in the ledger, and what it records is kept by nobody.

    Args:
        connection: the platform's credential and address.
        registry: the registry in force.
        settings: the call's timeout.
        run_id: what the person does.
    """
    platform = registry.platforms[connection.platform]
    module = importlib.import_module(f"social_metrics.extract.platforms.{connection.platform}")
    return ApiClient(
        module.RULES,
        connection,
        clock_of(connection),
        Recorder(run_id, 1, source_of(platform, connection), None),
        Budget(platform, platform.platform_label),
        timeout_seconds=settings.http_timeout_seconds,
        attempts=1,
    )


def _read(
    connection: PlatformConnection, registry: Registry, settings: Settings, account: Account
) -> ExtractedProfile | CaptureFailure:
    module = importlib.import_module(f"social_metrics.extract.platforms.{connection.platform}")
    client = unrecorded_client(connection, registry, settings, "connection_test")
    try:
        reading: ExtractedProfile | CaptureFailure = module.read_profiles(client, [account])[account.account_code]
    except CaptureFailure as failure:
        return failure
    return reading


def _first_account(registry: Registry, platform: str, day: date) -> Account | None:
    return next(iter(registry.accounts_on(platform, day)), None)
