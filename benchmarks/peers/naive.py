"""The loop that everybody writes first: a channel a call, one after another, and pandas writes the tables."""

import os
from typing import Any

import pandas as pd
import requests
import sqlalchemy

from benchmarks.peers.tables import API, IDS, channel_row, post_rows

CHANNEL_COLUMNS = ["channel_id", "date_day", "title", "subscribers", "views", "videos"]
POST_COLUMNS = ["video_id", "channel_id", "title", "description", "published_at", "position"]


def main() -> None:
    """One day."""
    session = requests.Session()
    session.trust_env = False
    channels: list[tuple[Any, ...]] = []
    posts: list[tuple[Any, ...]] = []
    for one in IDS:
        (channel,) = session.get(f"{API}/youtube/v3/channels", params={"id": one}, timeout=30).json()["items"]
        channels.append(channel_row(channel))
        playlist = channel["contentDetails"]["relatedPlaylists"]["uploads"]
        asked = {"playlistId": playlist, "maxResults": 50}
        posts += post_rows(session.get(f"{API}/youtube/v3/playlistItems", params=asked, timeout=30).json())
    engine = sqlalchemy.create_engine(os.environ["DSN"].replace("postgresql://", "postgresql+psycopg://"))
    for table, rows, columns in (("channel_daily", channels, CHANNEL_COLUMNS), ("posts", posts, POST_COLUMNS)):
        pd.DataFrame(rows, columns=columns).to_sql(
            table, engine, if_exists="append", index=False, method="multi", chunksize=1000
        )


if __name__ == "__main__":
    main()
