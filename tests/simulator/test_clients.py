"""The platforms' official clients, pointed at the simulator."""

import pytest
import requests
import tweepy
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.page import Page
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.simulator.platform_calls import IG_USER, SimulatorClient


class _OtherHost(requests.adapters.HTTPAdapter):
    """Sends what is meant for a platform's host to the simulator."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *arguments: object, **named: object) -> requests.Response:
        assert request.url is not None
        request.url = self._url + request.path_url
        return super().send(request, *arguments, **named)  # type: ignore[arg-type]


def test_google_client_reads_channels_and_pages_through_a_playlist(simulator: SimulatorClient) -> None:
    youtube = build(
        "youtube",
        "v3",
        developerKey="demo-youtube-key",
        static_discovery=True,
        client_options=ClientOptions(api_endpoint=simulator.base_url),
    )
    channel_id = simulator.id_of("kartini-youtube")
    channel = youtube.channels().list(part="statistics,contentDetails", id=channel_id).execute()["items"][0]
    uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    found = []
    request = youtube.playlistItems().list(part="contentDetails", playlistId=uploads, maxResults=50)
    while request is not None:
        reply = request.execute()
        found += [item["contentDetails"]["videoId"] for item in reply["items"]]
        request = youtube.playlistItems().list_next(request, reply)
    assert found == [post["id"] for post in simulator.truth_of("kartini-youtube")["posts"]]
    assert int(channel["statistics"]["videoCount"]) == len(found)
    simulator.fault("youtube", "quota_exhausted")
    with pytest.raises(HttpError) as refused:
        youtube.channels().list(part="statistics", id=channel_id).execute()
    assert refused.value.error_details[0]["reason"] == "quotaExceeded"


def test_tweepy_reads_users_and_pages_through_a_timeline(simulator: SimulatorClient) -> None:
    client = tweepy.Client("demo-x-bearer")
    client.session.mount("https://api.twitter.com", _OtherHost(simulator.base_url))
    users = client.get_users(usernames=["demo_kartini", "demo_nipotowe"], user_fields=["public_metrics"])
    assert users.data[0].public_metrics["followers_count"] == simulator.truth_of("kartini-x")["followers"]
    assert "suspended" in users.errors[0]["detail"]
    pages = tweepy.Paginator(client.get_users_tweets, users.data[0].id, max_results=100, tweet_fields=["created_at"])
    assert len(list(pages.flatten())) == len(simulator.truth_of("kartini-x")["posts"])
    simulator.fault("x", "rate_limited")
    with pytest.raises(tweepy.TooManyRequests):
        client.get_users(usernames=["demo_kartini"])


def test_facebook_client_reads_a_page_its_posts_and_a_discovery(
    simulator: SimulatorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FacebookSession, "GRAPH", simulator.base_url)
    api = FacebookAdsApi(FacebookSession(access_token="demo-facebook-token"))
    page = Page(simulator.id_of("kartini-facebook"), api=api)
    assert (
        page.api_get(fields=["followers_count"])["followers_count"]
        == simulator.truth_of("kartini-facebook")["followers"]
    )
    posts = list(page.get_published_posts(fields=["id"], params={"limit": 50}))
    assert [post["id"] for post in posts] == [post["id"] for post in simulator.truth_of("kartini-facebook")["posts"]]
    reader = FacebookAdsApi(FacebookSession(access_token="demo-instagram-token"))
    handle = simulator.handle_of("handayani-instagram")
    found = IGUser(IG_USER, api=reader).api_get(fields=[f"business_discovery.username({handle}){{followers_count}}"])
    assert found["business_discovery"]["followers_count"] == simulator.truth_of("handayani-instagram")["followers"]
    simulator.fault("facebook", "token_expired")
    with pytest.raises(FacebookRequestError) as refused:
        page.api_get(fields=["id"])
    assert (refused.value.api_error_code(), refused.value.api_error_subcode()) == (190, 463)
