"""dlt as its guide to performance has it: parallelised, many workers, CSV by COPY. In a venv of its own."""

import os
from collections.abc import Iterator

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "EXTRACT__WORKERS": "32",
    "EXTRACT__MAX_PARALLEL_ITEMS": "64",
    "NORMALIZE__WORKERS": "2",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
}

import dlt
from dlt.sources.rest_api import rest_api_source

IDS = [f"UC{number:022d}" for number in range(int(os.environ["CHANNELS"]))]
UPSERT = {"disposition": "merge", "strategy": "upsert"}


@dlt.resource(name="batches", selected=False)
def batches() -> Iterator[list[dict[str, str]]]:
    """Fifty ids a call."""
    yield [{"ids": ",".join(IDS[start : start + 50])} for start in range(0, len(IDS), 50)]


SOURCE = {
    "client": {"base_url": os.environ["API"] + "/youtube/v3/"},
    "resources": [
        batches(),
        {
            "name": "channel_daily",
            "primary_key": ["id", "date_day"],
            "write_disposition": UPSERT,
            "parallelized": True,
            "endpoint": {
                "path": "channels",
                "data_selector": "items",
                "paginator": "single_page",
                "params": {"id": "{resources.batches.ids}"},
            },
            "processing_steps": [{"map": lambda row: {**row, "date_day": os.environ["DAY_DATE"]}}],
        },
        {
            "name": "posts",
            "primary_key": "id",
            "write_disposition": UPSERT,
            "parallelized": True,
            "endpoint": {
                "path": "playlistItems",
                "data_selector": "items",
                "paginator": "single_page",
                "params": {
                    "maxResults": 50,
                    "playlistId": "{resources.channel_daily.contentDetails.relatedPlaylists.uploads}",
                },
            },
        },
    ],
}

if __name__ == "__main__":
    there = dlt.destinations.postgres(os.environ["DSN"])
    pipeline = dlt.pipeline("bench", destination=there, dataset_name="raw", pipelines_dir=os.environ["WORK"])
    pipeline.run(rest_api_source(SOURCE), loader_file_format="csv")
