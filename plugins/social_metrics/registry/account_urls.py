"""Finds the account behind the address of a page, by the patterns of platforms.csv."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from social_metrics.errors import UsageProblem
from social_metrics.registry.link_kinds import (
    HOST_KINDS,
    LINK_LISTS,
    SERVICE_SUBDOMAINS,
    SHORTENERS,
    kind_of_path,
)
from social_metrics.registry.registry import Platform

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?://|[a-z])", re.IGNORECASE)
_PUNCTUATION = ".,;:!?…)]}>\"'’”»"  # what a sentence puts behind an address; no handle and no id ends with it
_BEFORE = "<([{\"'‘“«"
_COPY = "Open the account's own page and copy the address from there"
_COPY_ID = "Buka halaman akunnya, lalu salin alamatnya dari peramban"


class AddressNotUnderstood(UsageProblem):
    """The address leads to no account; the text names the reason and the next step.

    Args:
        message: for the command line.
        indonesian: for an officer's file: completes a sentence that begins with the address, without a full stop.
    """

    def __init__(self, message: str, indonesian: str) -> None:
        super().__init__(message)
        self.indonesian = indonesian


@dataclass(frozen=True, slots=True)
class AccountAddress:
    """An account as named by its address: by handle, by id, or by both."""

    platform: str
    handle: str | None
    platform_account_id: str | None
    url: str  # as in the registry: without the parameters of a share button

    @property
    def identity(self) -> tuple[str, str]:
        """Platform and handle or id, for comparisons."""
        return self.platform, self.platform_account_id or (self.handle or "").casefold()


def read_account_url(address: str, platforms: Mapping[str, Platform]) -> AccountAddress:
    """Find the platform by the host, and the account by the path.

    Punctuation and invisible characters around the address, and punctuation behind the handle, are dropped.

    Args:
        address: as copied from a browser; `https://` may be missing.
        platforms: the registry's.

    Raises:
        AddressNotUnderstood: another site, a post or a share button instead of an account, or an invalid handle.
    """
    address = _bare(address)
    parts = _split(address)
    platform = platform_of(parts, platforms)
    _refuse_host_without_accounts(address, _host(parts), platform)
    if platform is None:
        raise _unknown_platform(address, _host(parts), platforms)
    path = re.sub("/+", "/", _visible(unicodedata.normalize("NFC", unquote(parts.path))))
    if any(unicodedata.category(character) == "Cc" for character in path):
        raise AddressNotUnderstood(
            f"{address!r} contains a control character. Type the address, or copy it again.",
            "berisi karakter tak terlihat; ketik alamatnya atau salin lagi dari peramban",
        )
    query = f"?{parts.query}" if parts.query else ""
    found = platform.url_path_pattern.match(path + query)
    rest = (path + query)[found.end() :] if found else ""
    first = path.strip("/").casefold().split("/")
    named = found.groupdict() if found else {}
    handle = named["handle"].rstrip(_PUNCTUATION) if named.get("handle") else None
    account_id, legacy = named.get("id"), named.get("legacy")
    if (
        found is None
        or rest.lstrip(_PUNCTUATION.replace("?", ""))[:1] not in ("", "/", "?", "#", "&")
        or (handle or legacy or "").casefold() in platform.url_stop_words
    ):
        raise _no_account(address, platform, first)
    below = rest.partition("?")[0].strip("/").casefold().split("/")
    if len(below) > 1 and kind_of_path(platform.platform, below):
        # A platform opens a post under any name, so the name beside it may be another account's.
        raise _no_account(address, platform, below)
    if legacy:
        raise _legacy(address, platform)
    if handle is not None and not platform.handle_pattern.fullmatch(handle):
        raise AddressNotUnderstood(
            f"{handle!r} is not a valid handle on {platform.platform_label}. Copy the address again.",
            f"berisi nama akun yang tidak mungkin di {platform.platform_label} ({handle}); salin lagi dari peramban",
        )
    if account_id is not None and not platform.platform_account_id_pattern.fullmatch(account_id):
        raise AddressNotUnderstood(
            f"{account_id!r} is not a valid id on {platform.platform_label}. Copy the address again.",
            f"berisi ID yang tidak mungkin di {platform.platform_label} ({account_id}); salin lagi dari peramban",
        )
    kept, _, parameters = found.group(0).rstrip(_PUNCTUATION).partition("?")
    if parameters:  # of the parameters only the one with the id identifies the account
        kept = f"{kept}?{parameters.rpartition('&')[2]}"
    return AccountAddress(
        platform.platform, handle, account_id, f"https://{_public_host(_host(parts), platform)}{kept}"
    )


def platform_of(address: SplitResult | str, platforms: Mapping[str, Platform]) -> Platform | None:
    """The platform of an address's host or of a domain above it, also for an address that is not an account.

    Raises:
        AddressNotUnderstood: it is not a web address.
    """
    host = _host(address if isinstance(address, SplitResult) else _split(address))
    return next(
        (
            platform
            for platform in platforms.values()
            if any(host == known or host.endswith(f".{known}") for known in platform.url_hosts)
        ),
        None,
    )


def _bare(address: str) -> str:
    text = _visible(address).strip().lstrip(_BEFORE).rstrip(_PUNCTUATION)
    return text.removeprefix("//")


def _visible(text: str) -> str:
    """The text without format characters (zero-width spaces, direction marks), which no address contains."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _split(address: str) -> SplitResult:
    text = address.strip()
    if not text:
        raise AddressNotUnderstood(
            f"{address!r} is not a web address; copy it from the browser's address bar.",
            "bukan alamat web; salin alamatnya dari peramban",
        )
    if any(map(str.isspace, text)):
        raise AddressNotUnderstood(
            f"{address!r} holds more than one address, or other words. Write one address and nothing else.",
            "berisi lebih dari satu alamat, atau kata lain; tulis satu alamat saja di setiap baris",
        )
    if "/" not in text and (text.startswith("@") or "." not in text) and not _SCHEME.match(text):
        raise AddressNotUnderstood(
            f"{text!r} does not say on which platform the account is. Write the whole address, e.g. "
            f"https://www.instagram.com/{text.removeprefix('@')}.",
            "tidak menyebut platformnya; tulis alamat lengkap, misalnya "
            f"https://www.instagram.com/{text.removeprefix('@')}",
        )
    if "/" not in text and "@" in text:
        raise AddressNotUnderstood(
            f"{text!r} is an e-mail address. {_COPY}.", f"adalah alamat surel, bukan alamat akun. {_COPY_ID}"
        )
    if not _SCHEME.match(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise AddressNotUnderstood(
            f"{address!r} is not a web address ({error}).", "bukan alamat web; salin alamatnya dari peramban"
        ) from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or port not in (None, 80, 443):
        raise AddressNotUnderstood(
            f"{address!r} is not a web address; copy it from the browser's address bar.",
            "bukan alamat web; salin alamatnya dari peramban",
        )
    return parts


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _public_host(host: str, platform: Platform) -> str:
    """The host of the page for everyone: `id-id.` and `m.` are views of it, `studio.` is the owner's."""
    domain = min((known for known in platform.url_hosts if f".{host}".endswith(f".{known}")), key=len)
    return host if host in (domain, f"www.{domain}") else f"www.{domain}"


def _unknown_platform(address: str, host: str, platforms: Mapping[str, Platform]) -> AddressNotUnderstood:
    if host in LINK_LISTS:
        return AddressNotUnderstood(
            f"{address!r} is a list of links. Open it and copy the address of each account.",
            "adalah daftar tautan; buka, lalu tulis alamat setiap akun di barisnya sendiri",
        )
    named = next((found.platform_label for found in platforms.values() if _is_named(found, address.casefold())), None)
    known = ", ".join(found.platform_label for found in platforms.values())
    if named:
        return AddressNotUnderstood(
            f"{address!r}: {host.removeprefix('www.')} is on none of the registry's platforms ({known}), but it names "
            f"{named}: it is mistyped, or leads there through another site. {_COPY}.",
            f"salah ketik, atau tautan ke {named} lewat situs lain. {_COPY_ID}",
        )
    return AddressNotUnderstood(
        f"{address!r}: {host.removeprefix('www.')} is on none of the registry's platforms ({known}).",
        f"tidak berada di platform yang ada dalam registri ({known}); hapus barisnya",
    )


def _is_named(platform: Platform, address: str) -> bool:
    """Whether a host of the platform stands anywhere in an address, or in a host like its own: `instagram.co`."""
    hosts = [host.split(".")[-2:] for host in platform.url_hosts]
    return any(
        (len(name) > 4 and name in address) or re.search(rf"(?<![\w-]){name}[.,]{domain}\b", address)
        for name, domain in hosts
    )


def _refuse_host_without_accounts(address: str, host: str, platform: Platform | None) -> None:
    if host in SHORTENERS:
        raise AddressNotUnderstood(
            f"{address!r} is a shortened address. Open it and copy the account's address from the browser.",
            "adalah alamat yang dipendekkan; buka, lalu salin alamat akunnya dari peramban",
        )
    if kind := HOST_KINDS.get(host.removeprefix("www.")):
        raise AddressNotUnderstood(
            f"{address!r} is {kind.english}, not an account. {_COPY}.",
            f"adalah {kind.indonesian}, bukan akun. {_COPY_ID}",
        )
    if platform and host not in platform.url_hosts and host.partition(".")[0] in SERVICE_SUBDOMAINS:
        raise AddressNotUnderstood(
            f"{address!r} is a service of {platform.platform_label}, not an account. {_COPY}.",
            f"adalah layanan {platform.platform_label}, bukan akun. {_COPY_ID}",
        )


def _legacy(address: str, platform: Platform) -> AddressNotUnderstood:
    return AddressNotUnderstood(
        f"{address!r} is a legacy address of {platform.platform_label}, without the channel's handle or id. Open it, "
        "and copy the @name below the channel's title (https://www.youtube.com/@name), or choose About, Share channel, "
        "Copy channel ID (https://www.youtube.com/channel/UC…).",
        f"adalah alamat lama {platform.platform_label} tanpa nama dan ID kanal; buka alamat itu, lalu tulis @nama di "
        "bawah judul kanal (https://www.youtube.com/@nama), atau pilih Tentang, Bagikan channel, Salin ID channel "
        "(https://www.youtube.com/channel/UC…)",
    )


def _no_account(address: str, platform: Platform, parts: list[str]) -> AddressNotUnderstood:
    kind = kind_of_path(platform.platform, parts)
    if kind is not None:
        return AddressNotUnderstood(
            f"{address!r} is {kind.english}, not an account on {platform.platform_label}. {_COPY}.",
            f"adalah {kind.indonesian}, bukan akun. {_COPY_ID}",
        )
    if parts[0] in platform.url_stop_words or not parts[0]:
        page = parts[0] or "its start page"
        return AddressNotUnderstood(
            f"{address!r} is a page of {platform.platform_label} ({page}), not an account. {_COPY}.",
            f"adalah halaman {platform.platform_label}, bukan akun. {_COPY_ID}",
        )
    return AddressNotUnderstood(
        f"{address!r} is not the address of an account on {platform.platform_label}. {_COPY}.",
        f"bukan alamat akun di {platform.platform_label}. {_COPY_ID}",
    )
