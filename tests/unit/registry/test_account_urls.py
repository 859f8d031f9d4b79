"""From an address to the account, by the rules of platforms.csv; everything else is refused with a remedy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.registry.account_urls import AddressNotUnderstood, read_account_url
from social_metrics.registry.registry import load_registry
from social_metrics.settings import DEFAULT_REGISTRY

PLATFORMS = load_registry(DEFAULT_REGISTRY).platforms
CHANNEL = "UCabcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("address", "platform", "handle", "account_id", "kept"),
    [
        ("https://www.youtube.com/@Kartini", "youtube", "Kartini", None, "https://www.youtube.com/@Kartini"),
        (f"youtube.com/channel/{CHANNEL}/videos", "youtube", None, CHANNEL, f"https://youtube.com/channel/{CHANNEL}"),
        ("https://WWW.Facebook.com/sentra.kartini?ref=x", "facebook", "sentra.kartini", None, None),
        ("https://www.facebook.com/profile.php?id=100012345&x=1", "facebook", None, "100012345", None),
        ("https://www.facebook.com/people/Sentra-Kartini/100012345/", "facebook", None, "100012345", None),
        ("https://www.instagram.com/sentra_kartini/?igsh=a", "instagram", "sentra_kartini", None, None),
        ("http://twitter.com/kartini/status/1", "x", "kartini", None, "https://twitter.com/kartini"),
        ("  https://www.tiktok.com/@sentra.kartini?lang=id ", "tiktok", "sentra.kartini", None, None),
    ],
)
def test_an_address_names_its_account(
    address: str, platform: str, handle: str | None, account_id: str | None, kept: str | None
) -> None:
    found = read_account_url(address, PLATFORMS)
    assert (found.platform, found.handle, found.platform_account_id) == (platform, handle, account_id)
    assert kept is None or found.url == kept
    assert found == read_account_url(found.url, PLATFORMS)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://youtube.com/watch?v=1", "not the address of an account on YouTube"),
        ("https://youtu.be/abc", "not the address of an account on YouTube"),
        ("https://facebook.com/share/abc", "share.*not an account"),
        ("https://www.facebook.com/sharer.php?u=x", "not an account"),
        ("https://instagram.com/p/Cabc", "not an account"),
        ("https://x.com/intent/tweet", "intent.*not an account"),
        ("https://X.com/Share?url=1", "not an account"),
        ("https://instagram.com@evil.example/a", "none of the registry's platforms"),
        ("https://instagram.com.evil.example/a", "none of the registry's platforms"),
        ("https://vt.tiktok.com/abc", "shortened address"),
        ("https://x.com/a_handle_that_is_too_long", "not the address of an account"),
        ("https://x.com/", "not the address of an account"),
        ("javascript:alert(1)", "not a web address"),
        ("ftp://x.com/kartini", "not a web address"),
        ("https://x.com:8080/kartini", "not a web address"),
        ("https://[x.com/kartini", "not a web address"),
        ("", "not a web address"),
    ],
)
def test_what_is_no_account_is_refused_with_a_remedy(address: str, reason: str) -> None:
    with pytest.raises(AddressNotUnderstood, match=reason):
        read_account_url(address, PLATFORMS)


@given(st.one_of(st.text(), st.sampled_from(list(PLATFORMS.values())).flatmap(
    lambda platform: st.text().map(lambda path: f"https://{platform.url_hosts[0]}/{path}")
)))  # fmt: skip
def test_any_text_is_an_account_or_a_sentence(address: str) -> None:
    try:
        found = read_account_url(address, PLATFORMS)
    except AddressNotUnderstood:
        return
    platform = PLATFORMS[found.platform]
    assert found.handle or found.platform_account_id
    assert found.handle is None or platform.handle_pattern.fullmatch(found.handle)
    assert (found.handle or "").casefold() not in platform.url_stop_words
