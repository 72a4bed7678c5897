"""Cassettes come back from disk as they were, are text wherever they can be, and vcrpy plays them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import vcr
from cassette_samples import answered, cassettes, listing, streamed, unanswered
from hypothesis import given, settings
from hypothesis import strategies as st
from vcr.record_mode import RecordMode

from hopcheck.cassettes import BodyTooLarge, Cassette, MalformedCassette, canonical, dumps, load, load_all, loads, save
from hopcheck.cassettes.canonical import of_request
from hopcheck.cassettes.journal_entry import Frame
from hopcheck.cassettes.model import BODY_LIMIT, Interaction, RecordedDelivery, RecordedRequest, RecordedResponse
from hopcheck.cassettes.store import problems

BY_CASE = {cassette.case: cassette for cassette in cassettes()}


@pytest.mark.parametrize("cassette", cassettes(), ids=lambda cassette: cassette.case)
def test_a_cassette_comes_back_as_it_was(cassette: Cassette, tmp_path: Path) -> None:
    path = save(cassette, tmp_path / "litellm-1.106.2")
    assert path == tmp_path / "litellm-1.106.2" / f"{cassette.name}.yaml"
    assert load(path) == cassette
    assert load_all(path.parent) == {cassette.name: cassette}
    assert problems(path) == []


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=60, deadline=None)
def test_any_body_comes_back_as_it_was(body: bytes) -> None:
    delivery = RecordedDelivery(0, 1, "length", "complete", 2, (Frame(2, len(body)),))
    one = Interaction(RecordedRequest("POST", "http://h/x", (), body), RecordedResponse(200, "OK", (), body), delivery)
    cassette = replace(BY_CASE["auth.required"], interactions=(one,))
    assert loads(dumps(cassette)) == cassette


@pytest.mark.parametrize("text", ["a\x85b\n" * 20, "a\u2028b\n" * 20, "\ufeffa\n" * 20, " \n a \n" * 20, "\n\n\n" * 30])
def test_what_yaml_would_change_comes_back_as_it_was(text: str) -> None:
    one = answered("chat.content-exact", "n0", "x")
    body = text.encode()
    delivery = replace(one.delivery, frames=(Frame(1, len(body)),))
    assert one.response is not None
    cassette = replace(
        BY_CASE["auth.required"],
        interactions=(replace(one, response=replace(one.response, body=body), delivery=delivery),),
    )
    assert loads(dumps(cassette)) == cassette


def test_a_provider_stands_in_the_name_and_the_file() -> None:
    behind, own = BY_CASE["chat.schema"], replace(BY_CASE["chat.schema"], provider="")
    assert (behind.name, own.name) == ("chat.schema~chat@gemini", "chat.schema~chat")
    assert dumps(own) == dumps(behind).replace("    provider: gemini\n", "")


def test_an_event_stream_stands_in_the_file_line_by_line() -> None:
    lines = dumps(BY_CASE["stream.done-once"]).splitlines()
    assert [line for line in lines if line.strip() == "data: [DONE]"]
    assert "      string: |+" in lines
    assert "!!binary" not in "\n".join(lines)


def test_only_what_is_no_text_is_binary() -> None:
    assert "!!binary" in dumps(BY_CASE["stream.cut"])
    assert all("!!binary" not in dumps(cassette) for case, cassette in BY_CASE.items() if case != "stream.cut")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("content: Hel", "content: 'Hel'", ""),
        ("method: POST", "method: 'POST'", "hopcheck would write it differently"),
        ("ended: complete", "ended: complete\n    note: by hand", "not laid out as a cassette"),
        ("data: [DONE]", "data: [DONE] and more", "frames hold"),
        ("schema: 2", "schema: 7", "its schema is 7"),
        ("case: stream.done-once", "case: stream.finish-once", "it is the cassette stream.finish-once~chat"),
        ("version: 1", "version: [", "it is no YAML"),
        ("  delivery:", "  deliveries:", "lacks the key 'delivery'"),
    ],
)
def test_what_was_changed_by_hand_is_found(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = save(BY_CASE["stream.done-once"], tmp_path)
    path.write_text(path.read_text().replace(old, new))
    found = problems(path)
    assert problem in " ".join(found)
    assert bool(found) == bool(problem)


def test_text_that_was_made_binary_is_found(tmp_path: Path) -> None:
    path = save(BY_CASE["models.list-shape"], tmp_path)
    text = path.read_text()
    start, end = text.index("string: |-"), text.index("  delivery:")
    path.write_text(text[:start] + "string: !!binary |\n          " + "e30=" + "\n" + text[end:])
    assert problems(path)


def test_long_bodies_are_not_recorded(tmp_path: Path) -> None:
    long = answered("chat.large", "n0", "x" * BODY_LIMIT)
    with pytest.raises(BodyTooLarge, match="longer than 256 KiB"):
        save(replace(BY_CASE["auth.required"], case="chat.large", interactions=(long,)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cassette_whose_frames_do_not_add_up_is_not_written(tmp_path: Path) -> None:
    one = streamed("stream.done-once", "n0", ("Hel", "lo"))
    short = replace(one, delivery=replace(one.delivery, frames=one.delivery.frames[:-1]))
    with pytest.raises(MalformedCassette, match="its frames hold"):
        save(replace(BY_CASE["stream.done-once"], interactions=(short,)), tmp_path)


def test_vcrpy_does_not_play_exchanges_without_a_response(tmp_path: Path) -> None:
    cassette = load(save(BY_CASE["cancel.before-head"], tmp_path))
    assert [one.response is None for one in cassette.interactions] == [True, False]
    with vcr.use_cassette(str(tmp_path / "cancel.before-head~chat.yaml"), record_mode=RecordMode.NONE) as vcr_cassette:
        assert len(vcr_cassette) == 1


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.parametrize("cassette", cassettes(), ids=lambda cassette: cassette.case)
def test_vcrpy_plays_it(cassette: Cassette, tmp_path: Path) -> None:
    path = save(cassette, tmp_path)
    with vcr.use_cassette(str(path), record_mode=RecordMode.NONE) as vcr_cassette, httpx2.Client() as client:
        for one in cassette.interactions:
            if one.response is not None:
                got = client.request(one.request.method, one.request.uri, content=one.request.body)
                assert (got.status_code, got.content) == (one.response.status, one.response.body)
        assert vcr_cassette.all_played


def test_pieces_are_the_chunks() -> None:
    one = streamed("stream.done-once", "n0", ("Hel", "lo"))
    assert [piece.startswith(b"data: ") and piece.endswith(b"\n\n") for piece in one.pieces] == [True] * 5
    assert unanswered("a.b", "n0").pieces == []


def test_an_entry_of_the_journal_is_an_attempt_again() -> None:
    entry = BY_CASE["stream.done-once"].journal[0]
    attempt = entry.attempt("hopcheck:stream.done-once~~chat:n0", {"provider": "sk-x"}, 1_000_000)
    assert (attempt.key, attempt.script, attempt.received_ns) == ("sk-x", "stream.done-once", 4_000_000)
    assert attempt.sent == [(4_500_000, 200), (5_500_000, 14)]
    assert attempt.body == entry.body


def test_requests_are_the_same_whatever_the_order_of_their_keys() -> None:
    one = canonical("POST", "/v1/x", b'{"a": 1, "b": {"d": 0.1, "c": "\xc3\xa9"}}')
    assert one == canonical("POST", "/v1/x", '{"b":{"c":"é","d":0.1},"a":1}'.encode())
    assert one == canonical("POST", "/v1/x", b'{"b":{"c":"\\u00e9","d":0.1},"a":1}')


@pytest.mark.parametrize(
    "other",
    [
        ("GET", "/v1/x", b'{"a": [1, 2]}'),
        ("POST", "/v1/x?y=1", b'{"a": [1, 2]}'),
        ("POST", "/v1/x", b'{"a": [2, 1]}'),
        ("POST", "/v1/x", b'{"a": [1, 2.0]}'),
        ("POST", "/v1/x", b'{"a": [1, 2], "b": null}'),
        ("POST", "/v1/x", b'{"a": [1, 2]'),
        ("POST", "/v1/x", b""),
    ],
)
def test_requests_differ_in_everything_else(other: tuple[str, str, bytes]) -> None:
    assert canonical("POST", "/v1/x", b'{"a": [1, 2]}') != canonical(*other)


def test_the_nonce_counts_but_for_probes() -> None:
    first, second = (answered("chat.content-exact", nonce, "x").request for nonce in ("n0", "n1"))
    assert of_request(first) != of_request(second)
    first, second = (answered("preflight", nonce, "x").request for nonce in ("n0", "4f1a0"))
    assert of_request(first) == of_request(second)
    assert of_request(listing().request).body == b""
