"""The limit: calls in batches, bounded, and COPY. No evidence, outcomes, budget or retries. SKIP=1 skips."""

import asyncio
import json
from typing import Any

import aiohttp
import uvloop

from benchmarks.peers.tables import API, IDS, IN_FLIGHT, channel_row, open_tables, post_rows, videos_before, write


async def main() -> None:
    """One day."""
    connection = open_tables()
    before = videos_before(connection)
    gate = asyncio.Semaphore(IN_FLIGHT)
    channels: list[tuple[Any, ...]] = []
    posts: list[tuple[Any, ...]] = []
    async with aiohttp.ClientSession(API, connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

        async def get(endpoint: str, **parameters: str) -> dict[str, Any]:
            async with gate, session.get(f"/youtube/v3/{endpoint}", params=parameters) as reply:
                reply.raise_for_status()
                return json.loads(await reply.read())  # type: ignore[no-any-return]

        async def uploads(playlist: str) -> None:
            posts.extend(post_rows(await get("playlistItems", part="snippet", playlistId=playlist, maxResults="50")))

        async def batch(ids: list[str]) -> None:
            async with asyncio.TaskGroup() as tasks:
                for channel in (await get("channels", part="snippet,statistics", id=",".join(ids)))["items"]:
                    row = channel_row(channel)
                    channels.append(row)
                    if before.get(row[0]) != row[-1]:
                        tasks.create_task(uploads(channel["contentDetails"]["relatedPlaylists"]["uploads"]))

        async with asyncio.TaskGroup() as batches:
            for start in range(0, len(IDS), 50):
                batches.create_task(batch(IDS[start : start + 50]))
    write(connection, "channel_daily", "channel_id, date_day", channels)
    write(connection, "posts", "video_id", posts)
    connection.commit()


if __name__ == "__main__":
    uvloop.run(main())
