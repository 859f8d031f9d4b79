"""Evidence: what is kept holds the counts, the order and the repetitions; words and secrets are out of it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from social_metrics.extract.http.redaction import (
    HIDDEN,
    UNREADABLE_BYTES_KEPT,
    Redactor,
    clean_text,
    parse_json,
    sha256,
)

KEPT = frozenset({"data", "id", "count", "message"})
SECRET = "EAAB/wX+1=sécret"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*KEPT, "name", "17"]), inner, max_size=4)
    ),
    max_leaves=20,
)


def kept(body: bytes, secrets: tuple[str, ...] = ()) -> tuple[bytes, dict[str, int]]:
    try:
        parsed = parse_json(body)
    except ValueError:
        parsed = None
    result = Redactor(secrets).keep(body, parsed, KEPT)
    return result.body, result.stripped


def test_only_listed_members_stay_and_what_went_is_counted() -> None:
    body = b'{"data":[{"id":"1","name":"Siti","count":3},{"id":"2","name":"Ani","count":0,"bio":{"id":"x"}}]}'
    assert kept(body) == (b'{"data":[{"id":"1","count":3},{"id":"2","count":0}]}', {"name": 2, "bio": 1})


def test_ids_as_member_names_stay() -> None:
    body = b'{"10001_77":{"count":3,"name":"x"},"by-name":{"count":9}}'
    assert kept(body) == (b'{"10001_77":{"count":3}}', {"name": 1, "by-name": 1})


def test_repeated_members_stay_as_they_came_and_the_last_one_is_read() -> None:
    body = b'{"count":1,"id":"a","count":2}'
    assert parse_json(body)["count"] == 2
    assert kept(body)[0] == body


def test_nul_surrogates_and_long_numbers_survive_as_ascii() -> None:
    body = rb'{"id":"a\u0000b\ud800","count":2056915467785113600,"message":"\u0645"}'
    assert kept(body)[0] == body


def test_a_name_that_is_words_is_counted_and_not_repeated() -> None:
    stripped = kept(b'{"Siti Aminah 0812":1,"\\u0000":2,"name":3}')[1]
    assert stripped == {"names that are no plain words": 2, "name": 1}


@pytest.mark.parametrize("secret", [SECRET, 'quote"inside', "back\\slash", "EAABwzLixnjYBO"])
def test_a_secret_in_a_kept_value_is_hidden_however_json_writes_it(secret: str) -> None:
    body = json.dumps({"message": f"token {secret} is bad", "data": [secret]}).encode()
    written, _ = kept(body, (secret,))
    assert json.loads(written) == {"message": f"token {HIDDEN} is bad", "data": [HIDDEN]}


def test_a_secret_in_an_address_is_hidden() -> None:
    written, _ = kept(b'{"message":"see https://x/?key=EAAB%2FwX%2B1%3Ds%C3%A9cret&a=1"}', (SECRET,))
    assert written == b'{"message":"see https://x/?key=[hidden]&a=1"}'


def test_a_secret_within_a_secret_is_hidden_whole() -> None:
    assert (
        Redactor(["abcdef", "abcdefghij", None, "short"]).text("abcdefghij short abcdef") == "[hidden] short [hidden]"
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"data":[{"name":"Siti Aminah","count":3,"na', b'{"data":[{"name":"[hidden]","count":3,"[hidden]"'),
        (b'{"name":"Siti \\"Ani\\" Aminah","count":3', b'{"name":"[hidden]","count":3'),
        (b'{"tags":["Siti","Ani"],"id" : "1', b'{"tags":["[hidden]","[hidden]"],"id" : "[hidden]"'),
        (b'{"name":"cut in an escape \\', b'{"name":"[hidden]"'),
        (b'{"name":"cut \xd8', b'{"name":"[hidden]"'),
        (b"<html><h1>503</h1></html>", b"<html><h1>503</h1></html>"),
        (b'<a href="https://x/?token=1">', b'<a href="[hidden]">'),
        (b'"' + b"n" * 200 + b'":1,', b'"[hidden]":1,'),
        (b"", b""),
    ],
)
def test_of_an_unreadable_body_the_words_are_masked(body: bytes, shown: bytes) -> None:
    assert kept(body)[0] == shown


def test_of_an_unreadable_body_the_beginning_is_kept_and_the_rest_counted() -> None:
    written, stripped = kept(b"<p>" + b"x" * UNREADABLE_BYTES_KEPT)
    assert len(written) == UNREADABLE_BYTES_KEPT
    assert stripped == {"bytes after the first 64 KiB": 3}
    assert kept(b'{"name":"Siti"')[1] == {"quoted values of an unreadable body": 1}


@pytest.mark.parametrize("body", [b'"' * 70_000, b"\\" * 70_000, b'"\\' * 35_000, b'{"a":' * 12_000, b"[" * 70_000])
def test_masking_takes_no_time(body: bytes) -> None:
    started = time.perf_counter()
    kept(body)
    assert time.perf_counter() - started < 2


def test_a_body_nested_too_deeply_is_kept_as_unreadable() -> None:
    nested: Any = "Siti"
    for _ in range(5_000):
        nested = {"data": nested}
    result = Redactor([]).keep(b'{"data":"Siti"', nested, KEPT)
    assert result.body == b'{"data":"[hidden]"'


@given(JSON_VALUES)
def test_what_is_kept_is_json_without_anything_unlisted(value: Any) -> None:
    written, stripped = kept(json.dumps(value).encode())
    only_kept, names_taken = _only_kept(value)
    assert json.loads(written) == only_kept
    assert sum(stripped.values()) == names_taken


def _only_kept(value: Any) -> tuple[Any, int]:
    """The reference: what remains, and how many members were taken out (each with all that is in it)."""
    if isinstance(value, dict):
        listed = {name: _only_kept(member) for name, member in value.items() if name in KEPT or name.isdigit()}
        return {name: rest for name, (rest, _) in listed.items()}, len(value) - len(listed) + sum(
            taken for _, taken in listed.values()
        )
    if isinstance(value, list):
        members = [_only_kept(member) for member in value]
        return [rest for rest, _ in members], sum(taken for _, taken in members)
    return value, 0


@given(st.binary(max_size=300), st.text(alphabet='{}[]":,\\ ab1', max_size=80))
def test_any_bytes_can_be_kept(noise: bytes, almost_json: str) -> None:
    for body in (noise, almost_json.encode()):
        written, _ = kept(body, (SECRET,))
        assert len(sha256(written)) == 64


@pytest.mark.parametrize(
    "body", [b"NaN", b'{"count":Infinity}', b'{"count":1', b"\xff", b"", b"\xef\xbb\xbf{}", b"{} {}"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)


def test_parameters_are_shown_without_secrets() -> None:
    shown = Redactor([SECRET]).parameters(
        {"key": "abc", "refresh_token": "def", "fields": f"id,{SECRET}", "ids": ["1"], "note": "a\x00b", "limit": 50}
    )
    assert shown == {
        "key": HIDDEN,
        "refresh_token": HIDDEN,
        "fields": f"id,{HIDDEN}",
        "ids": "['1']",
        "note": "a�b",
        "limit": "50",
    }


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("a\x00b", "a�b"), ("\ud800x\udfff", "�x�"), ("مساعدة 🇮🇩\n", "مساعدة 🇮🇩\n"), ("", "")],
)
def test_clean_text_changes_only_what_postgresql_refuses(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned
