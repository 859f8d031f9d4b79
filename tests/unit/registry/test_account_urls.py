"""From an address to the account, by the rules of platforms.csv; everything else is refused with a next step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.registry.account_urls import AddressNotUnderstood, platform_of, read_account_url
from social_metrics.registry.registry import load_registry
from social_metrics.settings import DEFAULT_REGISTRY

PLATFORMS = load_registry(DEFAULT_REGISTRY).platforms
CHANNEL = "UCabcdefghijklmnopqrstuv"
PAGE = "61550000000001"

BY_HANDLE = [
    ("youtube", "Kartini", "https://www.youtube.com/@Kartini"),
    ("youtube", "Kartini", "https://id.youtube.com/@Kartini/videos"),
    ("youtube", "Kartini", "https://m.youtube.com/@Kartini?si=abc"),
    ("youtube", "Kartini", "https://music.youtube.com/@Kartini"),
    ("youtube", "Kartini", "https://www.youtube.com/@Kartini,"),
    ("youtube", "Kartini", "https://www.youtube.com/@Kartini./shorts"),
    ("youtube", "Kartini", "https://www.youtube.com/%40Kartini"),
    ("youtube", "sentra·élok", "https://www.youtube.com/@sentra%C2%B7e%CC%81lok"),
    ("facebook", "sentra.kartini", "https://WWW.Facebook.com/sentra.kartini?ref=x"),
    ("facebook", "contoh", "https://id-id.facebook.com/contoh"),
    ("facebook", "contoh", "https://mbasic.facebook.com/contoh"),
    ("facebook", "contoh", "https://touch.facebook.com/contoh/"),
    ("facebook", "contoh", "https://web.facebook.com/contoh?_rdc=1&_rdr"),
    ("facebook", "contoh", "https://business.facebook.com/contoh"),
    ("facebook", "contoh", "https://www.fb.com/contoh"),
    ("facebook", "contoh", "https://m.fb.com/contoh"),
    ("facebook", "contoh", "fb.com/contoh;"),
    ("facebook", "contoh", "https://www.facebook.com//contoh/about"),
    ("facebook", "contoh", "https://www.facebook.com/pg/contoh/posts/"),
    ("facebook", "contoh", "https://www.facebook.com/@contoh"),
    ("facebook", "contoh", "<https://www.facebook.com/contoh>"),
    ("facebook", "contoh", "https://www.facebook.com/contoh\u200e"),
    ("instagram", "sentra_kartini", "https://www.instagram.com/sentra_kartini/?igsh=a"),
    ("instagram", "sentra_kartini", "https://id.instagram.com/sentra_kartini"),
    ("instagram", "contoh", "instagram.com/contoh."),
    ("instagram", "contoh", "https://www.instagram.com/contoh./?hl=id"),
    ("instagram", "contoh", "https://www.instagram.com/contoh),"),
    ("instagram", "contoh", "https://www.instagram.com/contoh,?hl=id"),
    ("instagram", "contoh_", "https://www.instagram.com/contoh_"),
    ("instagram", "contoh", "https://www.instagram.com/@contoh"),
    ("instagram", "contoh", "instagram.com:443/contoh"),
    ("instagram", "contoh", "http://instagram.com:80/contoh"),
    ("instagram", "news.contoh", "https://www.instagram.com/news.contoh"),
    ("instagram", "contoh", "https://www.instagram.com/contoh/reels/"),
    ("instagram", "contoh", "https://www.instagram.com/contoh/reels/?hl=id"),
    ("instagram", "contoh", "https://www.instagram.com/contoh/tagged/"),
    ("facebook", "contoh", "https://www.facebook.com/contoh/videos/?ref=page_internal"),
    ("facebook", "contoh", "https://www.facebook.com/contoh/photos"),
    ("facebook", "contoh", "https://www.facebook.com/contoh/posts/"),
    ("tiktok", "contoh", "https://www.tiktok.com/@contoh/live"),
    ("youtube", "contoh", "https://www.youtube.com/@contoh/live"),
    ("youtube", "contoh", "https://www.youtube.com/@contoh/posts"),
    ("x", "kartini", "http://twitter.com/kartini/"),
    ("x", "kartini", "https://x.com/kartini/with_replies"),
    ("x", "kartini", "https://x.com/kartini/media"),
    ("x", "contoh", "https://www.twitter.com/contoh"),
    ("x", "contoh", "https://m.twitter.com/contoh"),
    ("x", "contoh", "https://mobile.x.com/contoh?s=20"),
    ("x", "contoh", "https://x.com/@contoh"),
    ("x", "contoh", "x.com/contoh!"),
    ("x", "contoh_", "x.com/contoh_."),
    ("tiktok", "sentra.kartini", "  https://www.tiktok.com/@sentra.kartini?lang=id "),
    ("tiktok", "contoh", "https://m.tiktok.com/@contoh"),
    ("tiktok", "contoh", "https://www.tiktok.com/@contoh."),
    ("tiktok", "contoh", "https://www.tiktok.com/@contoh,/live"),
    ("threads", "contoh", "https://www.threads.net/@contoh"),
    ("threads", "contoh", "https://threads.com/@contoh."),
    ("threads", "contoh", "https://id.threads.com/@contoh/replies"),
]

BY_ID = [
    ("youtube", CHANNEL, f"youtube.com/channel/{CHANNEL}/videos", f"https://youtube.com/channel/{CHANNEL}"),
    ("youtube", CHANNEL, f"https://studio.youtube.com/channel/{CHANNEL}/content",
     f"https://www.youtube.com/channel/{CHANNEL}"),
    ("youtube", CHANNEL, f"https://www.youtube.com/channel/{CHANNEL}.", f"https://www.youtube.com/channel/{CHANNEL}"),
    ("facebook", "100012345", "https://www.facebook.com/profile.php?id=100012345&x=1", None),
    ("facebook", PAGE, f"https://www.facebook.com/profile.php?mibextid=abc&id={PAGE}",
     f"https://www.facebook.com/profile.php?id={PAGE}"),
    ("facebook", PAGE, f"https://m.facebook.com/profile.php?id={PAGE}&mibextid=ZbWKwL", None),
    ("facebook", PAGE, f"https://www.facebook.com/profile.php?id={PAGE}.", None),
    ("facebook", "100012345", "https://www.facebook.com/people/Sentra-Kartini/100012345/", None),
    ("facebook", PAGE, f"https://www.facebook.com/p/Contoh-Sentra-{PAGE}/", None),
    ("facebook", PAGE, f"https://id-id.facebook.com/p/Sentra-%C3%89lok-{PAGE}/?locale=id_ID", None),
    ("facebook", PAGE, f"https://www.facebook.com/Contoh-Sentra-{PAGE}", None),
    ("facebook", PAGE, f"https://www.facebook.com/Contoh-Sentra-{PAGE}/photos", None),
    ("facebook", PAGE, f"https://www.facebook.com/{PAGE}", None),
    ("facebook", PAGE, f"https://www.facebook.com/profile/{PAGE}?ref=x", f"https://www.facebook.com/profile/{PAGE}"),
    ("facebook", PAGE, f"https://www.facebook.com/pages/Contoh-Sentra/{PAGE}", None),
    ("facebook", PAGE, f"https://www.facebook.com/pages/category/Government/Contoh-Sentra-{PAGE}/", None),
    ("facebook", PAGE, f"https://www.facebook.com/pg/Contoh-Sentra-{PAGE}/posts/", None),
    ("x", "783214", "https://x.com/i/user/783214", None),
    ("x", "783214", "https://twitter.com/intent/user?lang=id&user_id=783214", None),
]  # fmt: skip

NO_ACCOUNT = [
    # A link to something else: the sentence says to what.
    ("https://youtube.com/watch?v=1", "a video, not an account"),
    ("https://youtu.be/abc", "a video, not an account"),
    ("https://youtube.com/shorts/abc", "a video, not an account"),
    ("https://youtube.com/live/abc", "a video, not an account"),
    ("https://www.youtube.com/embed/abc", "a plugin .*not an account"),
    ("https://youtube.com/playlist?list=PL1", "a playlist, not an account"),
    ("https://www.youtube.com/hashtag/lansia", "a hashtag, not an account"),
    ("https://www.youtube.com/results?search_query=contoh", "a search, not an account"),
    (f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}", "not an account"),
    ("https://www.youtube.com/post/Ugkx1", "a post, not an account"),
    ("https://www.youtube.com/c/Contoh", "a legacy address.*@name.*channel ID"),
    ("https://www.youtube.com/user/contoh", "a legacy address.*@name.*channel ID"),
    ("https://youtube.com/Contoh", "a legacy address.*@name.*channel ID"),
    ("https://facebook.com/share/abc", "a share link, not an account"),
    ("https://www.facebook.com/share/p/1AbC/", "a share link, not an account"),
    ("https://www.facebook.com/sharer.php?u=x", "a share link, not an account"),
    ("https://www.facebook.com/sharer/sharer.php?u=x", "a share link, not an account"),
    ("https://www.facebook.com/hashtag/lansia", "a hashtag, not an account"),
    ("https://www.facebook.com/media/set/?set=a.1&type=3", "a media set, not an account"),
    ("https://www.facebook.com/plugins/page.php?href=x", "a plugin .*not an account"),
    ("https://www.facebook.com/v19.0/plugins/page.php?href=x", "a plugin .*not an account"),
    ("https://www.facebook.com/story.php?story_fbid=1&id=61550000000001", "a post, not an account"),
    ("https://www.facebook.com/permalink.php?story_fbid=1&id=61550000000001", "a post, not an account"),
    ("https://www.facebook.com/photo/?fbid=1", "a photo, not an account"),
    ("https://www.facebook.com/photo.php?fbid=1", "a photo, not an account"),
    ("https://www.facebook.com/stories/1/abc", "a story, not an account"),
    ("https://www.facebook.com/reel/1", "a video, not an account"),
    ("https://www.facebook.com/watch/?v=1", "a video, not an account"),
    ("https://fb.watch/abcDEF12_3/", "a video, not an account"),
    ("https://www.facebook.com/groups/contoh", "a group, not an account"),
    ("https://www.facebook.com/events/123", "an event, not an account"),
    ("https://www.facebook.com/login/?next=https%3A%2F%2Fwww.facebook.com%2Fcontoh", "a login page, not an account"),
    ("https://www.facebook.com/login.php?next=x", "a login page, not an account"),
    ("https://l.facebook.com/l.php?u=https%3A%2F%2Fx.com%2Fcontoh", "a service of Facebook"),
    ("https://developers.facebook.com/contoh", "a service of Facebook"),
    ("https://business.facebook.com/latest/home?asset_id=1", "not an account"),
    ("https://www.facebook.com/hhh.php", "not the address of an account"),
    ("https://www.facebook.com/profile.php", "not an account"),
    ("https://www.facebook.com/pages/?category=your_pages", "not an account"),
    ("https://www.instagram.com/invites/contact/?i=x", "an invitation, not an account"),
    ("https://www.instagram.com/s/aGlnaGxpZ2h0OjE?story_media_id=1", "a story, not an account"),
    ("https://www.instagram.com/_u/contoh", "a link for the app, not an account"),
    ("https://instagram.com/p/Cabc", "a post, not an account"),
    ("https://instagram.com/P/Cabc", "a post, not an account"),
    ("https://www.instagram.com/reel/Cabc/?igsh=1", "a video, not an account"),
    ("https://www.instagram.com/tv/Cabc", "a video, not an account"),
    ("https://www.instagram.com/stories/contoh/123", "a story, not an account"),
    ("https://www.instagram.com/explore/tags/lansia/", "a search, not an account"),
    ("https://www.instagram.com/accounts/login/?next=/contoh/", "a login page, not an account"),
    ("https://www.instagram.com/j/AbC/", "an invitation, not an account"),
    ("https://help.instagram.com/contoh", "a service of Instagram"),
    ("https://x.com/statuses/1", "a post, not an account"),
    ("https://x.com/status/1", "a post, not an account"),
    ("https://x.com/i/web/status/1", "not an account"),
    ("https://x.com/intent/tweet", "a share link, not an account"),
    ("https://X.com/Share?url=1", "a share link, not an account"),
    ("https://x.com/hashtag/lansia", "a hashtag, not an account"),
    ("https://x.com/search?q=contoh", "a search, not an account"),
    ("https://help.x.com/en", "a service of X"),
    ("https://pic.x.com/abc", "a shortened address"),
    ("https://vt.tiktok.com/abc", "a shortened address"),
    ("https://vm.tiktok.com/ZMabc/", "a shortened address"),
    ("https://www.tiktok.com/t/ZTabc/", "a share link, not an account"),
    ("https://www.tiktok.com/tag/lansia", "a hashtag, not an account"),
    ("https://www.tiktok.com/music/x-1", "not an account"),
    ("https://www.threads.net/t/Cabc", "a post, not an account"),
    ("https://www.threads.net/tag/lansia", "a hashtag, not an account"),
    ("https://bit.ly/abc", "a shortened address"),
    ("https://linktr.ee/contoh", "a list of links"),
    ("https://www.facebook.com/profile/contoh", "not an account"),
    ("https://www.facebook.com/commerce/x", "not an account"),
    ("https://x.com/lists/1", "not an account"),
    ("https://www.instagram.com/n/contoh", "a link for the app, not an account"),
    ("https://publish.twitter.com/contoh", "a service of X"),
    ("https://m.me/contoh", "a chat link, not an account"),
    ("https://www.messenger.com/t/contoh", "a chat link, not an account"),
    ("https://ig.me/m/contoh", "a chat link, not an account"),
    ("https://www.youtube-nocookie.com/embed/abc", "a plugin .*not an account"),
    (f"https://www.facebook.com/p/Kartini-0{PAGE}", "not the address of an account"),
    ("https://www.facebook.com/08123456789", "not the address of an account"),
    ("https://www.facebook.com/profile.php?id=08123456789", "not an account"),
    ("https://www.facebook.com/people/Sentra/08123456789", "not an account"),
    # A post below an account: platforms open it under any name, so the name may be another account's.
    ("https://www.instagram.com/contoh/p/XYZ", "a post, not an account"),
    ("https://www.instagram.com/contoh/p/XYZ/?img_index=1", "a post, not an account"),
    ("https://www.instagram.com/contoh/reel/XYZ/", "a video, not an account"),
    ("https://www.instagram.com/contoh/tv/XYZ", "a video, not an account"),
    ("https://x.com/contoh/status/1", "a post, not an account"),
    ("https://twitter.com/contoh/statuses/1?s=20", "a post, not an account"),
    ("https://x.com/contoh/status/1/photo/1", "a post, not an account"),
    ("https://x.com/contoh/status/1.", "a post, not an account"),
    ("https://x.com/contoh/article/1", "an article, not an account"),
    ("https://www.tiktok.com/@contoh/collection/x-1", "a playlist, not an account"),
    ("https://www.tiktok.com/@contoh/video/1", "a video, not an account"),
    ("https://www.tiktok.com/@contoh/video/1?lang=id", "a video, not an account"),
    ("https://m.tiktok.com/@contoh/photo/1", "a photo, not an account"),
    ("https://www.facebook.com/contoh/posts/1", "a post, not an account"),
    ("https://id-id.facebook.com/contoh/posts/pfbid02abc", "a post, not an account"),
    ("https://www.facebook.com/contoh/videos/judul/1/", "a video, not an account"),
    ("https://www.facebook.com/contoh/photos/a.1/2", "a photo, not an account"),
    (f"https://www.facebook.com/Contoh-Sentra-{PAGE}/posts/1", "a post, not an account"),
    (f"https://www.facebook.com/{PAGE}/posts/1", "a post, not an account"),
    (f"https://www.facebook.com/people/Sentra-Kartini/{PAGE}/posts/1", "a post, not an account"),
    ("https://www.threads.net/@contoh/post/Cabc", "a post, not an account"),
    ("https://www.threads.com/@contoh/post/Cabc/media", "a post, not an account"),
    # Nothing by which the platform could be known, or a platform that the registry does not have.
    ("@contoh", "does not say on which platform"),
    ("@contoh.", "'@contoh' does not say on which platform"),
    ("@contoh,", "'@contoh' does not say on which platform"),
    ("contoh", "does not say on which platform"),
    ("sentra_kartini", "does not say on which platform"),
    ("https://www.linkedin.com/company/contoh", "linkedin.com is on none of the registry's platforms"),
    ("https://wa.me/62812", "wa.me is on none of the registry's platforms"),
    ("https://t.me/contoh", "t.me is on none of the registry's platforms"),
    ("https://kartini.example.go.id", "none of the registry's platforms"),
    ("https://instagram.com@evil.example/a", "none of the registry's platforms"),
    ("https://instagram.com.evil.example/a", "none of the registry's platforms"),
    ("https://evilinstagram.com/contoh", "none of the registry's platforms"),
    ("humas@contoh.example", "an e-mail address"),
    # No address, or no account in it.
    ("https://www.instagram.com/", "not an account"),
    ("https://x.com/", "not an account"),
    ("https://x.com/a_handle_that_is_too_long", "not the address of an account"),
    ("https://www.tiktok.com/contoh", "not the address of an account"),
    ("https://www.youtube.com/channel/UCshort", "not an account"),
    ("https://www.youtube.com/@ko\x01ntoh", "a control character"),
    ("https://www.youtube.com/@ko%01ntoh", "a control character"),
    ("https://x.com/a https://x.com/b", "more than one address"),
    ("IG: @contoh", "more than one address"),
    ("javascript:alert(1)", "not a web address"),
    ("ftp://x.com/kartini", "not a web address"),
    ("fb://page/61550000000001", "not a web address"),
    ("https://x.com:8080/kartini", "not a web address"),
    ("https://[x.com/kartini", "not a web address"),
    ("", "not a web address"),
]


@pytest.mark.parametrize(("platform", "handle", "address"), BY_HANDLE)
def test_an_address_names_its_account_by_handle(platform: str, handle: str, address: str) -> None:
    found = read_account_url(address, PLATFORMS)
    assert (found.platform, found.handle, found.platform_account_id) == (platform, handle, None)
    assert found == read_account_url(found.url, PLATFORMS)
    assert found.url.endswith(handle)


@pytest.mark.parametrize(("platform", "account_id", "address", "kept"), BY_ID)
def test_an_address_names_its_account_by_id(platform: str, account_id: str, address: str, kept: str | None) -> None:
    found = read_account_url(address, PLATFORMS)
    assert (found.platform, found.handle, found.platform_account_id) == (platform, None, account_id)
    assert found == read_account_url(found.url, PLATFORMS)
    assert found.url.endswith(account_id)
    assert kept is None or found.url == kept


@pytest.mark.parametrize(("address", "reason"), NO_ACCOUNT)
def test_an_address_without_an_account_is_refused_with_its_kind(address: str, reason: str) -> None:
    with pytest.raises(AddressNotUnderstood, match=reason) as refused:
        read_account_url(address, PLATFORMS)
    assert refused.value.indonesian, "officers read the Indonesian sentence"
    assert not refused.value.indonesian.endswith(".")


@pytest.mark.parametrize(
    "address",
    [
        "https://www.google.com/url?q=https://www.instagram.com/contoh",
        "https:/instagram.com/contoh",
        "https//instagram.com/contoh",
        "https;//instagram.com/contoh",
        "https://https://instagram.com/contoh",
        "www.instagram,com/contoh",
        "instagram.com\\contoh",
        "instagram.co/contoh",
        "https://www.instagram/contoh",
        "https:/x.com/contoh",
        "x,com/contoh",
    ],
)
def test_a_mistyped_address_of_an_account_is_not_to_be_deleted(address: str) -> None:
    label = "Instagram" if "instagram" in address else "X"
    with pytest.raises(AddressNotUnderstood, match=f"it names {label}: it is mistyped, or leads there") as refused:
        read_account_url(address, PLATFORMS)
    assert "salah ketik" in refused.value.indonesian
    assert "hapus" not in refused.value.indonesian


@pytest.mark.parametrize("address", ["https://www.linkedin.com/company/contoh", "https://netflix.com/contoh"])
def test_the_address_of_another_platform_is_to_be_deleted(address: str) -> None:
    with pytest.raises(AddressNotUnderstood) as refused:
        read_account_url(address, PLATFORMS)
    assert "hapus barisnya" in refused.value.indonesian


def test_a_phone_number_behind_a_name_is_no_id() -> None:
    assert read_account_url("https://www.facebook.com/sentra-08123456789", PLATFORMS).platform_account_id is None


@pytest.mark.parametrize(
    "view", ["id-id.facebook.com", "mbasic.facebook.com", "business.facebook.com", "m.facebook.com"]
)
def test_a_view_of_a_page_is_kept_as_the_public_page(view: str) -> None:
    assert read_account_url(f"https://{view}/contoh", PLATFORMS).url == "https://www.facebook.com/contoh"


def test_the_tables_cover_every_platform() -> None:
    accepted = [*((row[0], row[2]) for row in BY_HANDLE), *((row[0], row[2]) for row in BY_ID)]
    assert {platform for platform, _ in accepted} == set(PLATFORMS)
    assert len({address for _, address in accepted}) >= 60


@pytest.mark.parametrize(
    ("address", "platform"),
    [
        ("https://vt.tiktok.com/abc", "tiktok"),
        ("https://fb.watch/abc", "facebook"),
        ("https://id-id.facebook.com/contoh/posts/1", "facebook"),
        ("https://youtu.be/abc", "youtube"),
        ("https://instagram.com.evil.example/p/a", None),
    ],
)
def test_the_platform_of_a_post_is_found_by_its_host(address: str, platform: str | None) -> None:
    found = platform_of(address, PLATFORMS)
    assert (found.platform if found else None) == platform


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
    assert found.url.isprintable()
