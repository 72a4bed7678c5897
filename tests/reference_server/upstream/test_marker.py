"""Making, parsing and finding markers, wherever a proxy has put them."""

from __future__ import annotations

import json

import pytest

from hopcheck_server.upstream.script.marker import Marker, find_marker, script_name


@pytest.mark.parametrize("script", ["a", "chat.basic", "stream.done-once~second", "x_1~v.2-b"])
@pytest.mark.parametrize("operation", ["chat", "chat.stream", ""])
def test_a_marker_is_found_in_the_text_that_holds_it(script, operation):
    marker = Marker.make(script, operation, "0a9z")
    body = json.dumps({"messages": [{"role": "user", "content": f"Say hello. {marker}"}]}).encode()
    assert Marker.find(body) == marker
    assert marker.script == script


def test_a_marker_as_text():
    plain = Marker("chat.schema", "", "chat", "abc123")
    assert str(plain) == "hopcheck:chat.schema~~chat:abc123"
    assert str(Marker("a", "b", "chat.stream", "1")) == "hopcheck:a~b~chat.stream:1"
    assert Marker.parse(str(plain)) == plain
    assert plain.with_nonce("1") == Marker("chat.schema", "", "chat", "1")


def test_the_script_of_a_case_and_a_variant():
    assert (script_name("a.b"), script_name("a.b", "c")) == ("a.b", "a.b~c")


@pytest.mark.parametrize(
    ("script", "nonce"),
    [("A", "1"), ("a b", "1"), ("", "1"), ("a", ""), ("a", "A"), ("a:b", "1"), ("a~b~c", "1"), ("a", "1-2")],
)
def test_a_marker_that_could_not_be_found_is_refused(script, nonce):
    with pytest.raises(ValueError, match="is no marker"):
        Marker.make(script, "chat", nonce)


@pytest.mark.parametrize("text", ["", "hopcheck:a:1", "hopcheck:a~~:", " hopcheck:a~~:1", "hopcheck:a~~:1 "])
def test_text_that_is_no_marker(text):
    with pytest.raises(ValueError, match="is no marker"):
        Marker.parse(text)


def test_the_last_marker_wins():
    body = b'{"messages":["hopcheck:first~~chat:1","hopcheck:second~~chat:2"]}'
    assert find_marker(body) == "hopcheck:second~~chat:2"


def test_a_prefix_without_a_marker_is_passed_over():
    assert find_marker(b'"hopcheck:a.b~~chat:1 and hopcheck: nothing, hopcheck:x"') == "hopcheck:a.b~~chat:1"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"104", b"[104,111,112]", b"hopcheck", b"hopcheck::", b"hopcheck:a:1", bytes(range(256))]
)
def test_bodies_without_a_marker(body):
    assert Marker.find(body) is None
    assert find_marker(body) == ""


@pytest.mark.parametrize("options", [{}, {"separators": (",", ":")}, {"indent": 2}])
@pytest.mark.parametrize("wrap", [lambda tokens: tokens, lambda tokens: [tokens], lambda tokens: [[1, 2], tokens]])
def test_token_arrays_hold_the_marker_as_bytes(options, wrap):
    text = "Embed this: hopcheck:emb.tokens~~embeddings:7f and go on"
    body = json.dumps({"input": wrap(list(text.encode()))}, **options).encode()
    assert Marker.find(body) == Marker("emb.tokens", "", "embeddings", "7f")


def test_the_last_marker_of_several_token_arrays_wins():
    arrays = [list(f"hopcheck:emb.many~~embeddings:{nonce}".encode()) for nonce in "12"]
    assert find_marker(json.dumps({"input": arrays}).encode()) == "hopcheck:emb.many~~embeddings:2"


def test_a_number_that_ends_like_the_first_token_is_another():
    tokens = list(b"hopcheck:a~~chat:1")
    assert Marker.find(json.dumps([tokens[0] + 1000, *tokens[1:]]).encode()) is None


def test_tokens_that_are_no_bytes_end_the_marker():
    assert find_marker(json.dumps([*b"hopcheck:a~~chat:1", 100_257, 50]).encode()) == "hopcheck:a~~chat:1"


def test_text_goes_before_tokens():
    body = json.dumps({"input": list(b"hopcheck:tokens~~chat:1"), "user": "hopcheck:text~~chat:1"}).encode()
    assert find_marker(body) == "hopcheck:text~~chat:1"
