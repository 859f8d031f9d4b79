"""A local API in the shape of YouTube's channels and uploads, which answers after a set time: the bench's network.

Channel n has VIDEOS uploads; on day 2 a quarter of the channels has one more. `/_bench` resets the counters, sets the
day and reports the counts before: `{"calls": …, "most_in_flight": …}`.
"""

import argparse
import asyncio
import json
from functools import lru_cache

from aiohttp import web

WORDS = "Kegiatan sentra pekan ini, dengan tautan dan ucapan terima kasih kepada para pendamping. " * 4
BATCH = 50


class Network:
    """What the server counts, and the day that it plays."""

    def __init__(self, videos: int, seconds: float) -> None:
        self.videos, self.seconds = videos, seconds
        self.day = 1
        self.calls = self.in_flight = self.most_in_flight = 0

    @web.middleware
    async def waiting(self, request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:  # type: ignore[type-arg]
        """Answer after the set time, as a platform far away does."""
        if request.path == "/_bench":
            return await handler(request)  # type: ignore[no-any-return,operator]
        self.calls += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.seconds)
            return await handler(request)  # type: ignore[no-any-return,operator]
        finally:
            self.in_flight -= 1

    async def bench(self, request: web.Request) -> web.Response:
        """Tell and reset."""
        counted = {"calls": self.calls, "most_in_flight": self.most_in_flight}
        self.calls = self.most_in_flight = 0
        self.day = int(request.query.get("day", self.day))
        return web.json_response(counted)

    async def channels(self, request: web.Request) -> web.Response:
        """channels.list of up to fifty ids."""
        ids = request.query["id"].split(",")
        if len(ids) > BATCH:
            return web.json_response({"error": {"code": 400, "message": "too many ids"}}, status=400)
        body = ",".join(_channel(int(one[2:]), self._videos_of(int(one[2:])), self.day) for one in ids)
        return web.Response(text='{"kind":"youtube#channelListResponse","items":[' + body + "]}", content_type=JSON)

    async def uploads(self, request: web.Request) -> web.Response:
        """playlistItems.list: the newest fifty uploads, of which no channel has more."""
        number = int(request.query["playlistId"][2:])
        return web.Response(body=_uploads(number, self._videos_of(number)), content_type=JSON)

    def _videos_of(self, number: int) -> int:
        return self.videos + (1 if self.day > 1 and number % 4 == 0 else 0)


JSON = "application/json"


def _channel(number: int, videos: int, day: int) -> str:
    return json.dumps({
        "kind": "youtube#channel",
        "etag": f"e{number}-{day}",
        "id": f"UC{number:022d}",
        "snippet": {
            "title": f"Sentra {number}",
            "description": WORDS,
            "customUrl": f"@channel{number}",
            "publishedAt": "2015-02-03T04:05:06Z",
            "thumbnails": {"default": {"url": f"https://i.example/{number}.jpg", "width": 88, "height": 88}},
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": f"UU{number:022d}"}},
        "statistics": {
            "viewCount": str(100_000 + number * 977 + day * 13),
            "subscriberCount": str(1_000 + number * 13 + day * (number % 97)),
            "hiddenSubscriberCount": False,
            "videoCount": str(videos),
        },
        "status": {"privacyStatus": "public"},
    })  # fmt: skip


@lru_cache(maxsize=50_000)
def _uploads(number: int, videos: int) -> bytes:
    items = []
    for place, video in enumerate(reversed(range(videos))):
        published = f"2026-{video // 28 % 10 + 1:02d}-{video % 28 + 1:02d}T{number % 24:02d}:15:00Z"
        items.append({
            "kind": "youtube#playlistItem",
            "etag": f"p{number}-{video}",
            "id": f"item{number}-{video}",
            "snippet": {
                "publishedAt": published,
                "channelId": f"UC{number:022d}",
                "title": f"Video {video} of channel {number}",
                "description": WORDS,
                "thumbnails": {
                    size: {"url": f"https://i.example/{number}/{video}/{size}.jpg", "width": 480, "height": 360}
                    for size in ("default", "medium", "high", "standard", "maxres")
                },
                "position": place,
                "resourceId": {"kind": "youtube#video", "videoId": f"v{number:05d}_{video:04d}"},
            },
            "contentDetails": {"videoId": f"v{number:05d}_{video:04d}", "videoPublishedAt": published},
        })  # fmt: skip
    return json.dumps({"kind": "youtube#playlistItemListResponse", "items": items}).encode()


def main() -> None:
    """Serve on this machine until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--videos", type=int, default=20)
    parser.add_argument("--milliseconds", type=float, default=80)
    asked = parser.parse_args()
    network = Network(asked.videos, asked.milliseconds / 1000)
    application = web.Application(middlewares=[network.waiting])
    application.router.add_get("/_bench", network.bench)
    application.router.add_get("/youtube/v3/channels", network.channels)
    application.router.add_get("/youtube/v3/playlistItems", network.uploads)
    web.run_app(application, host="127.0.0.1", port=asked.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
