"""Faults that damage a correct reply: its texts, bytes, headers or speed."""

import json
import re
from dataclasses import dataclass
from typing import Any

from simulator.api import PlatformApi, map_texts
from simulator.clock import http_date
from simulator.exchange import Reply, Request

LONE_SURROGATE = "\ud83d"
HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sorry, something went wrong.</title></head>"
    b"<body><h1>We're working on getting this fixed as soon as we can.</h1></body></html>"
)


@dataclass
class Sending:
    """An encoded reply with its delay and, for a cut transfer, the number of bytes sent."""

    reply: Reply
    payload: bytes
    wait_seconds: float = 0.0
    sent_bytes: int | None = None


def send_with_faults(api: PlatformApi, request: Request, reply: Reply) -> Sending:
    """Applies the damage of the active faults."""
    faults = request.faults
    if fault := faults.take("error_in_200"):
        reply = api.refuse(fault.variant or api.default_error, request)
        reply.status = 200
    if fault := faults.take("html_instead_of_json"):
        reply = Reply(HTML_PAGE, fault.status or 200, reply.headers, "text/html; charset=utf-8")
    if not isinstance(reply.body, bytes):
        reply.body = _damaged_value(api, request, reply.body)
    payload = reply.encoded(api.escapes_unicode)
    if fault := faults.take("duplicate_keys"):
        payload = _with_key_twice(payload, fault.field or api.follower_field)
    sending = Sending(reply, payload)
    if faults.take("cut_off_json"):
        sending.payload = _half(payload)
    if faults.take("cut_off_transfer"):
        sending.sent_bytes = len(payload) // 2
    if fault := faults.take("slow"):
        sending.wait_seconds = fault.seconds if fault.seconds is not None else 3.0
    if fault := faults.take("clock_skew"):
        reply.headers["Date"] = http_date(request.now + int((fault.minutes or 7) * 60))
    return sending


def _damaged_value(api: PlatformApi, request: Request, value: Any) -> Any:
    faults = request.faults
    if faults.take("nul_in_text"):
        value = map_texts(value, lambda text: f"{text[:5]}\x00{text[5:]}", api.text_fields)
    if faults.take("lone_surrogate_in_text"):
        value = map_texts(value, lambda text: f"{text}{LONE_SURROGATE}", api.text_fields)
    fault = faults.take("field_withdrawn")
    if fault and fault.variant is None:
        value = _without(value, fault.field or api.follower_field)
    return value


def _without(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(child, name) for key, child in value.items() if key != name}
    if isinstance(value, list):
        return [_without(child, name) for child in value]
    return value


def _with_key_twice(payload: bytes, name: str) -> bytes:
    key = re.escape(json.dumps(name).encode())
    pattern = rb"(" + key + rb":)(\"?)(\d+)(\"?)"
    return re.sub(pattern, rb"\g<1>\g<2>0\g<4>,\g<1>\g<2>\g<3>\g<4>", payload)


def _half(payload: bytes) -> bytes:
    """Half of the bytes, cut at the end of a character."""
    return payload[: len(payload) // 2].decode("utf-8", "ignore").encode()
