"""The platforms' official clients, pointed at the simulator; errors are raised as each client's own exceptions."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import tweepy
import xdk
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.page import Page
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from pyfacebook import FacebookError, GraphAPI, LibraryError, ThreadsGraphAPI
from pyyoutube import Client as YouTubeClient
from pyyoutube import PyYouTubeException

from tests.simulator.platform_calls import IG_USER, SimulatorClient

KARTINI = "kartini"
APP_SECRET = "secret-of-the-demo-app"


class _OtherHost(requests.adapters.HTTPAdapter):
    """Sends what is meant for a platform's host to the simulator."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *arguments: object, **named: object) -> requests.Response:
        assert request.url is not None
        request.url = self._url + request.path_url
        return super().send(request, *arguments, **named)  # type: ignore[arg-type]


def google_client(simulator: SimulatorClient) -> Any:
    options = ClientOptions(api_endpoint=simulator.base_url)
    return build("youtube", "v3", developerKey="demo-youtube-key", static_discovery=True, client_options=options)


def python_youtube(simulator: SimulatorClient) -> YouTubeClient:
    client = YouTubeClient(api_key="demo-youtube-key")
    client.session.mount("https://www.googleapis.com", _OtherHost(simulator.base_url))
    return client


def tweepy_client(simulator: SimulatorClient) -> tweepy.Client:
    client = tweepy.Client("demo-x-bearer")
    client.session.mount("https://api.twitter.com", _OtherHost(simulator.base_url))
    return client


def xdk_client(simulator: SimulatorClient) -> xdk.Client:
    return xdk.Client(base_url=simulator.base_url, bearer_token="demo-x-bearer")


def page_of(simulator: SimulatorClient, app_secret: str | None = None) -> Page:
    """Facebook's client, at the page of Kartini."""
    session = FacebookSession(app_secret=app_secret, access_token="demo-facebook-token")
    session.GRAPH = simulator.base_url
    return Page(simulator.id_of(f"{KARTINI}-facebook"), api=FacebookAdsApi(session))


def python_facebook(simulator: SimulatorClient, platform: str = "facebook", app_secret: str | None = None) -> GraphAPI:
    return GraphAPI(
        access_token=f"demo-{platform}-token", app_secret=app_secret, version="v26.0",
        base_url=f"{simulator.base_url}/", instagram_business_id=IG_USER,
    )  # fmt: skip


def threads_client(simulator: SimulatorClient) -> ThreadsGraphAPI:
    return ThreadsGraphAPI(access_token="demo-threads-token", version="v1.0", base_url=f"{simulator.base_url}/")


# ------------------------------------------------------------------ replies


def posts_of(simulator: SimulatorClient, platform: str) -> list[str]:
    """Ids of Kartini's visible posts, newest first."""
    return [str(post["id"]) for post in simulator.truth_of(f"{KARTINI}-{platform}")["posts"]]


def test_google_client_reads_channels_and_pages_through_a_playlist(simulator: SimulatorClient) -> None:
    youtube = google_client(simulator)
    channel_id = simulator.id_of("kartini-youtube")
    channel = youtube.channels().list(part="statistics,contentDetails", id=channel_id).execute()["items"][0]
    uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    found = []
    request = youtube.playlistItems().list(part="contentDetails", playlistId=uploads, maxResults=50)
    while request is not None:
        reply = request.execute()
        found += [item["contentDetails"]["videoId"] for item in reply["items"]]
        request = youtube.playlistItems().list_next(request, reply)
    assert found == posts_of(simulator, "youtube")
    assert int(channel["statistics"]["videoCount"]) == len(found)


def test_python_youtube_reads_channels_uploads_and_videos(simulator: SimulatorClient) -> None:
    youtube = python_youtube(simulator)
    parts = ["snippet", "statistics", "contentDetails"]
    (channel,) = youtube.channels.list(parts=parts, channel_id=simulator.id_of("kartini-youtube")).items
    uploads = channel.contentDetails.relatedPlaylists.uploads
    found: list[str] = []
    token = None
    while True:
        page = youtube.playlistItems.list(
            parts=["contentDetails"], playlist_id=uploads, max_results=50, page_token=token
        )
        found += [item.contentDetails.videoId for item in page.items]
        token = page.nextPageToken
        if token is None:
            break
    assert found == posts_of(simulator, "youtube")
    assert int(channel.statistics.videoCount) == len(found)
    (video,) = youtube.videos.list(parts=["snippet", "statistics"], video_id=found[0]).items
    assert video.snippet.publishedAt


def test_tweepy_reads_users_and_pages_through_a_timeline(simulator: SimulatorClient) -> None:
    client = tweepy_client(simulator)
    users = client.get_users(usernames=["demo_kartini", "demo_nipotowe"], user_fields=["public_metrics"])
    assert users.data[0].public_metrics["followers_count"] == simulator.truth_of("kartini-x")["followers"]
    assert "suspended" in users.errors[0]["detail"]
    pages = tweepy.Paginator(client.get_users_tweets, users.data[0].id, max_results=100, tweet_fields=["created_at"])
    assert len(list(pages.flatten())) == len(posts_of(simulator, "x"))


@pytest.mark.parametrize("names", ["post", "both"])
def test_xdk_reads_users_and_pages_through_a_timeline(simulator: SimulatorClient, names: str) -> None:
    simulator.admin("PUT", "options", {"x_names": names})
    client = xdk_client(simulator)
    users = client.users.get_by_usernames(usernames=["demo_kartini"], user_fields=["public_metrics"]).model_dump()
    assert users["data"][0]["public_metrics"]["followers_count"] == simulator.truth_of("kartini-x")["followers"]
    pages = list(client.users.get_posts(users["data"][0]["id"], max_results=100, post_fields=["created_at"]))
    assert sum(len(page.model_dump()["data"]) for page in pages) == len(posts_of(simulator, "x"))


@pytest.mark.parametrize("app_secret", [None, APP_SECRET])
def test_facebook_client_reads_a_page_its_posts_and_a_discovery(
    simulator: SimulatorClient, app_secret: str | None
) -> None:
    simulator.admin("PUT", "options", {"app_secret": app_secret})
    page = page_of(simulator, app_secret)
    followers = page.api_get(fields=["followers_count"])["followers_count"]
    assert followers == simulator.truth_of("kartini-facebook")["followers"]
    posts = list(page.get_published_posts(fields=["id"], params={"limit": 50}))
    assert [post["id"] for post in posts] == posts_of(simulator, "facebook")
    session = FacebookSession(app_secret=app_secret, access_token="demo-instagram-token")
    session.GRAPH = simulator.base_url
    handle = simulator.handle_of("handayani-instagram")
    found = IGUser(IG_USER, api=FacebookAdsApi(session)).api_get(
        fields=[f"business_discovery.username({handle}){{followers_count}}"]
    )
    assert found["business_discovery"]["followers_count"] == simulator.truth_of("handayani-instagram")["followers"]


@pytest.mark.parametrize("app_secret", [None, APP_SECRET])
def test_python_facebook_reads_pages_a_discovery_and_threads(
    simulator: SimulatorClient, app_secret: str | None
) -> None:
    simulator.admin("PUT", "options", {"app_secret": app_secret})
    graph = python_facebook(simulator, app_secret=app_secret)
    ids = [simulator.id_of(f"{center}-facebook") for center in (KARTINI, "handayani")]
    pages = graph.get_objects(ids=",".join(ids), fields="id,followers_count")
    assert pages[ids[0]]["followers_count"] == simulator.truth_of("kartini-facebook")["followers"]
    posts = graph.get_full_connections(ids[0], "published_posts", count=None, limit=50, fields="id")
    assert [post["id"] for post in posts["data"]] == posts_of(simulator, "facebook")
    discovery = python_facebook(simulator, "instagram", app_secret)
    handle = simulator.handle_of("kartini-instagram")
    media = discovery.discovery_user_media(handle, fields="id", count=None, limit=25)
    assert sorted(one["id"] for one in media["data"]) == sorted(posts_of(simulator, "instagram"))  # pinned ones first
    simulator.admin("PUT", "options", {"app_secret": None})
    handle = simulator.handle_of("kartini-threads")
    profile = threads_client(simulator).get_object("profile_lookup", username=handle)
    assert profile["follower_count"] == simulator.truth_of("kartini-threads")["followers"]


# ------------------------------------------------------------------ errors


@dataclass(frozen=True)
class Raised:
    """An error as a client raises it: its exception, and what tells the platform's errors apart in it."""

    kind: type[Exception]
    code: Any


Read = Callable[[SimulatorClient], Any]


def _google(simulator: SimulatorClient) -> Any:
    return google_client(simulator).channels().list(part="id", id=simulator.id_of("kartini-youtube")).execute()


def _python_youtube(simulator: SimulatorClient) -> Any:
    return python_youtube(simulator).channels.list(parts=["id"], channel_id=simulator.id_of("kartini-youtube"))


def _tweepy(simulator: SimulatorClient) -> Any:
    return tweepy_client(simulator).get_users(usernames=["demo_kartini"])


def _xdk(simulator: SimulatorClient) -> Any:
    return xdk_client(simulator).users.get_by_usernames(usernames=["demo_kartini"])


def _facebook_business(simulator: SimulatorClient) -> Any:
    return page_of(simulator).api_get(fields=["id"])


def _python_facebook(simulator: SimulatorClient) -> Any:
    return python_facebook(simulator).get_object(simulator.id_of("kartini-facebook"), fields="id")


def _python_facebook_discovery(simulator: SimulatorClient) -> Any:
    handle = simulator.handle_of("kartini-instagram")
    return python_facebook(simulator, "instagram").discovery_user_media(handle, fields="id")


def _python_facebook_threads(simulator: SimulatorClient) -> Any:
    handle = simulator.handle_of("kartini-threads")
    return threads_client(simulator).get_object("profile_lookup", username=handle)


def code_of(error: Exception) -> Any:
    """What each client offers to decide on."""
    if isinstance(error, HttpError):
        return error.resp.status, json.loads(error.content)["error"]["errors"][0]["reason"]
    if isinstance(error, PyYouTubeException):
        return error.status_code, error.response.json()["error"]["errors"][0]["reason"]
    if isinstance(error, FacebookRequestError):
        return error.api_error_code(), error.api_error_subcode()
    if isinstance(error, FacebookError):
        return error.code, getattr(error, "error_subcode", None)
    if isinstance(error, (tweepy.HTTPException, requests.HTTPError)):
        return error.response.status_code
    return str(error)


GRAPH = [
    ("token_expired", "expired", (190, 463)),
    ("token_expired", "password_changed", (190, 460)),
    ("token_expired", "no_role", (190, 492)),
    ("permission_missing", "reviewable_feature", (100, None)),
    ("unauthorized", "wrong_proof", (100, None)),
    ("unauthorized", "no_proof", (100, None)),
    ("not_found", None, (100, 33)),
    ("invalid_request", "deprecated", (12, None)),
    ("rate_limited", "page", (32, None)),
]
YOUTUBE = [
    ("quota_exhausted", None, (403, "quotaExceeded")),
    ("quota_exhausted", "429", (429, "rateLimitExceeded")),
    ("bad_key", "old", (400, "keyInvalid")),
    ("playlist_not_found", None, (404, "playlistNotFound")),
]
X_ERRORS = [
    ("unauthorized", None, tweepy.Unauthorized, 401),
    ("forbidden", None, tweepy.Forbidden, 403),
    ("usage_cap", "untyped", tweepy.TooManyRequests, 429),
    ("usage_cap", "untyped_403", tweepy.Forbidden, 403),
    ("rate_limited", "no_reset", tweepy.TooManyRequests, 429),
    ("rate_limited", "code_88", tweepy.TooManyRequests, 429),
    ("credits_depleted", None, tweepy.HTTPException, 402),
    ("unavailable", None, tweepy.TwitterServerError, 503),
]
ERRORS: list[tuple[Read, str, str, str | None, Raised]] = [
    *((_google, "youtube", kind, variant, Raised(HttpError, code)) for kind, variant, code in YOUTUBE),
    *((_python_youtube, "youtube", kind, variant, Raised(PyYouTubeException, code)) for kind, variant, code in YOUTUBE),
    *((_tweepy, "x", kind, variant, Raised(error, code)) for kind, variant, error, code in X_ERRORS),
    *((_xdk, "x", kind, variant, Raised(requests.HTTPError, code)) for kind, variant, _, code in X_ERRORS),
    *((_facebook_business, "facebook", kind, variant, Raised(FacebookRequestError, code))
      for kind, variant, code in GRAPH),
    *((_python_facebook, "facebook", kind, variant, Raised(FacebookError, code)) for kind, variant, code in GRAPH),
    (_python_facebook_discovery, "instagram", "user_not_found", None, Raised(FacebookError, (110, 2207013))),
    (_python_facebook_discovery, "instagram", "login_unusable", None, Raised(FacebookError, (100, 33))),
    (_python_facebook_discovery, "instagram", "login_unusable", "restricted", Raised(FacebookError, (25, 2207050))),
    (_python_facebook_threads, "threads", "permission_missing", None, Raised(FacebookError, (10, None))),
    (_python_facebook_threads, "threads", "not_found", None, Raised(FacebookError, (100, 33))),
]  # fmt: skip


@pytest.mark.parametrize(("read", "platform", "kind", "variant", "raised"), ERRORS)
def test_an_error_is_raised_as_the_clients_own(
    simulator: SimulatorClient, read: Read, platform: str, kind: str, variant: str | None, raised: Raised
) -> None:
    read(simulator)
    simulator.fault(platform, kind, variant=variant)
    with pytest.raises(raised.kind) as refused:
        read(simulator)
    assert code_of(refused.value) == raised.code


@pytest.mark.parametrize(
    ("read", "platform", "raised"),
    [(_python_facebook, "facebook", LibraryError), (_xdk, "x", requests.HTTPError), (_tweepy, "x", tweepy.Forbidden)],
)
def test_the_page_of_a_proxy_is_no_error_of_the_platform(
    simulator: SimulatorClient, read: Read, platform: str, raised: type[Exception]
) -> None:
    simulator.fault(platform, "html_instead_of_json", status=403)
    with pytest.raises(raised):
        read(simulator)


@pytest.mark.parametrize("read", [_facebook_business, _python_facebook, _python_facebook_discovery])
def test_a_client_without_the_apps_secret_is_refused_when_one_is_set(simulator: SimulatorClient, read: Read) -> None:
    simulator.admin("PUT", "options", {"app_secret": APP_SECRET})
    with pytest.raises((FacebookError, FacebookRequestError), match="appsecret_proof"):
        read(simulator)


def test_users_that_x_does_not_know_come_as_errors_beside_the_others(simulator: SimulatorClient) -> None:
    simulator.admin("PUT", "options", {"x_names": "post"})
    of_xdk = xdk_client(simulator).users.get_by_usernames(usernames=["demo_kartini", "demo_nobody"]).model_dump()
    assert [user["username"] for user in of_xdk["data"]] == ["demo_kartini"]
    assert [error["title"] for error in of_xdk["errors"]] == ["Not Found Error"]
    simulator.fault("x", "error_without_value")
    found = tweepy_client(simulator).get_users(usernames=["demo_kartini", "demo_nobody"])
    assert [user.username for user in found.data] == ["demo_kartini"]
    assert found.errors == [
        {"title": "Not Found Error", "detail": "Could not find user with usernames: [demo_nobody]."}
    ]
