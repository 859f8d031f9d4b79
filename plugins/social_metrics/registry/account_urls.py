"""Finds the account behind the address of a page, by the patterns of platforms.csv."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from social_metrics.errors import UsageProblem
from social_metrics.registry.registry import Platform

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class AddressNotUnderstood(UsageProblem):
    """The address leads to no account; the text names the reason and the next step."""


@dataclass(frozen=True, slots=True)
class AccountAddress:
    """An account as named by its address: by handle, by id, or by both."""

    platform: str
    handle: str | None
    platform_account_id: str | None
    url: str  # as in the registry: without the parameters of a share button


def read_account_url(address: str, platforms: Mapping[str, Platform]) -> AccountAddress:
    """Find the platform by the host, and the account by the path.

    Args:
        address: as copied from a browser; `https://` may be missing.
        platforms: the registry's.

    Raises:
        AddressNotUnderstood: another site, a post or a share button instead of an account, or an invalid handle.
    """
    parts = _split(address)
    platform = platform_of(parts, platforms)
    if platform is None:
        known = ", ".join(found.platform_label for found in platforms.values())
        raise AddressNotUnderstood(
            f"{address!r} is on none of the registry's platforms ({known}). If it is a shortened address, open it and "
            "copy the account's address from the browser."
        )
    path = unicodedata.normalize("NFC", unquote(parts.path)) + (f"?{parts.query}" if parts.query else "")
    found = platform.url_path_pattern.match(path)
    rest = path[found.end() :] if found else ""
    if found is None or (rest and rest[0] not in "/?#&"):
        raise AddressNotUnderstood(
            f"{address!r} is not the address of an account on {platform.platform_label}. Open the account's own page "
            "and copy the address from there."
        )
    named = found.groupdict()
    handle, account_id = named.get("handle"), named.get("id")
    if handle is not None and handle.casefold() in platform.url_stop_words:
        raise AddressNotUnderstood(
            f"{address!r} is a page of {platform.platform_label} ({handle}), not an account. Open the account's own "
            "page and copy the address from there."
        )
    if handle is not None and not platform.handle_pattern.fullmatch(handle):
        raise AddressNotUnderstood(
            f"{handle!r} is not a valid handle on {platform.platform_label}. Copy the address again."
        )
    if account_id is not None and not platform.platform_account_id_pattern.fullmatch(account_id):
        raise AddressNotUnderstood(
            f"{account_id!r} is not a valid id on {platform.platform_label}. Copy the address again."
        )
    return AccountAddress(platform.platform, handle, account_id, f"https://{_host(parts)}{found.group(0)}")


def platform_of(address: SplitResult | str, platforms: Mapping[str, Platform]) -> Platform | None:
    """The platform of an address's host, also for an address that is not an account.

    Raises:
        AddressNotUnderstood: it is not a web address.
    """
    parts = address if isinstance(address, SplitResult) else _split(address)
    return next((platform for platform in platforms.values() if _host(parts) in platform.url_hosts), None)


def _split(address: str) -> SplitResult:
    text = address.strip()
    if not _SCHEME.match(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressNotUnderstood(f"{address!r} is not a web address ({error}).") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or port or any(map(str.isspace, text)):
        raise AddressNotUnderstood(f"{address!r} is not a web address; copy it from the browser's address bar.")
    return parts


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")
