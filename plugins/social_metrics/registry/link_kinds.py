"""Names what a pasted link leads to when it leads to no account: a post, an invitation, a plugin.

platforms.csv decides which first parts of a path are not an account (`url_stop_words`). This table only words the
sentence about them; a platform that it does not know gets the general sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkKind:
    """What a link leads to, in both languages."""

    english: str
    indonesian: str


_POST = LinkKind("a post", "sebuah unggahan")
_ARTICLE = LinkKind("an article", "sebuah artikel")
_PHOTO = LinkKind("a photo", "sebuah foto")
_VIDEO = LinkKind("a video", "sebuah video")
_STORY = LinkKind("a story", "sebuah cerita (story)")
_MEDIA_SET = LinkKind("a media set", "sebuah album")
_PLAYLIST = LinkKind("a playlist", "sebuah daftar putar")
_MUSIC = LinkKind("a piece of music", "sebuah musik")
_INVITATION = LinkKind("an invitation", "sebuah undangan")
_HASHTAG = LinkKind("a hashtag", "sebuah tagar")
_PLUGIN = LinkKind("a plugin for web sites", "sebuah plugin untuk situs web")
_SHARE = LinkKind("a share link", "sebuah tautan berbagi")
_APP_LINK = LinkKind("a link for the app", "sebuah tautan untuk aplikasi")
_GROUP = LinkKind("a group", "sebuah grup")
_EVENT = LinkKind("an event", "sebuah acara")
_SEARCH = LinkKind("a search", "sebuah pencarian")
_CHAT = LinkKind("a chat link", "sebuah tautan obrolan")
_LOGIN = LinkKind("a login page", "sebuah halaman masuk (login)")

_WORDS = {
    _POST: "instagram/p post posts status statuses story.php permalink.php threads/t",
    _ARTICLE: "x/article",
    _PHOTO: "photo photos photo.php",
    _VIDEO: "watch shorts live video videos reel reels tv clip tiktok/v",
    _STORY: "stories instagram/s",
    _MEDIA_SET: "media",
    _PLAYLIST: "playlist tiktok/collection",
    _MUSIC: "music",
    _INVITATION: "invite invites instagram/j",
    _HASHTAG: "hashtag tag",
    _PLUGIN: "plugins embed widgets",
    _SHARE: "share sharer sharer.php dialog intent attribution_link tiktok/t",
    _APP_LINK: "_u _n instagram/n",
    _GROUP: "groups communities",
    _EVENT: "events",
    _SEARCH: "search results explore discover",
    _LOGIN: "login login.php accounts checkpoint signin oauth",
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_VERSION = re.compile(r"v[0-9]+\.[0-9]+")  # Facebook's plugins carry the API's version before the name

HOST_KINDS = {"youtu.be": _VIDEO, "fb.watch": _VIDEO, "youtube-nocookie.com": _PLUGIN} | dict.fromkeys(
    ("m.me", "messenger.com", "ig.me"), _CHAT
)
"""Hosts that belong to a platform and hold no accounts."""

SHORTENERS = frozenset(
    {"bit.ly", "s.id", "t.co", "goo.gl", "tinyurl.com", "cutt.ly", "shorturl.at", "rb.gy", "is.gd", "fb.me"}
    | {"pic.x.com", "pic.twitter.com", "vt.tiktok.com", "vm.tiktok.com"}
)
LINK_LISTS = frozenset({"linktr.ee", "linkin.bio", "lnk.bio", "msha.ke", "beacons.ai", "campsite.bio", "heylink.me"})
SERVICE_SUBDOMAINS = frozenset(
    {"about", "accounts", "ads", "adsmanager", "analytics", "api", "apps", "blog", "business", "careers", "creators"}
    | {"data", "dev", "developer", "developers", "docs", "graph", "help", "l", "legal", "lm", "newsroom", "partners"}
    | {"privacy", "publish", "seller", "shop", "static", "status", "support", "transparency", "upload"}
)
"""First parts of a platform's host names under which no account is found."""


def kind_of_path(platform: str, parts: Sequence[str]) -> LinkKind | None:
    """What the path of a platform's address leads to; None when it is not known.

    Args:
        platform: the platform's code.
        parts: the path's parts, in lower case.
    """
    first = next((part for part in parts if not _VERSION.fullmatch(part)), "")
    return _KINDS.get(f"{platform}/{first}") or _KINDS.get(first)
