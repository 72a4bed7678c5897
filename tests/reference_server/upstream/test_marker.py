"""Finding the marker, wherever a proxy has put it."""

from __future__ import annotations

import json

import pytest

from hopcheck_server.upstream.script.marker import find, make


@pytest.mark.parametrize("name", ["a", "chat.basic", "stream.done-once~second", "x_1~v.2-b"])
def test_a_marker_is_found_in_the_text_it_was_put_in(name):
    marker = make(name, "0a9z")
    body = json.dumps({"messages": [{"role": "user", "content": f"Say hello. {marker}"}]}).encode()
    assert find(body) == (marker, name)


@pytest.mark.parametrize(
    ("name", "nonce"), [("A", "1"), ("a b", "1"), ("", "1"), ("a", ""), ("a", "A"), ("a:b", "1"), ("a", "1-2")]
)
def test_what_cannot_be_found_again_is_refused(name, nonce):
    with pytest.raises(ValueError, match="no marker"):
        make(name, nonce)


def test_the_last_marker_wins():
    body = b'{"messages":["hopcheck:first:1","hopcheck:second:2"]}'
    assert find(body) == ("hopcheck:second:2", "second")


def test_a_prefix_without_a_marker_is_passed_over():
    assert find(b'"hopcheck:a.b:1 and hopcheck: nothing, hopcheck:x"') == ("hopcheck:a.b:1", "a.b")


@pytest.mark.parametrize("body", [b"", b"{}", b"104", b"[104,111,112]", b"hopcheck", b"hopcheck::", bytes(range(256))])
def test_bodies_without_a_marker(body):
    assert find(body) == ("", "")


@pytest.mark.parametrize("options", [{}, {"separators": (",", ":")}, {"indent": 2}])
@pytest.mark.parametrize("wrap", [lambda tokens: tokens, lambda tokens: [tokens], lambda tokens: [[1, 2], tokens]])
def test_token_arrays_hold_the_marker_as_bytes(options, wrap):
    text = "Embed this: hopcheck:emb.tokens:7f and go on"
    body = json.dumps({"input": wrap(list(text.encode()))}, **options).encode()
    assert find(body) == ("hopcheck:emb.tokens:7f", "emb.tokens")


def test_the_last_marker_of_several_token_arrays_wins():
    arrays = [list(f"hopcheck:emb.many:{nonce}".encode()) for nonce in "12"]
    assert find(json.dumps({"input": arrays}).encode())[0] == "hopcheck:emb.many:2"


def test_a_number_that_only_ends_like_the_first_token_is_another():
    tokens = list(b"hopcheck:a:1")
    assert find(json.dumps([tokens[0] + 1000, *tokens[1:]]).encode()) == ("", "")


def test_tokens_that_are_no_bytes_end_the_marker():
    assert find(json.dumps([*b"hopcheck:a:1", 100_257, 50]).encode())[0] == "hopcheck:a:1"


def test_text_goes_before_tokens():
    body = json.dumps({"input": list(b"hopcheck:tokens:1"), "user": "hopcheck:text:1"}).encode()
    assert find(body)[1] == "text"
