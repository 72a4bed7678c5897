"""Recordings of any client: what is saved, under which name, and what is left out."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from hopcheck.cassettes import load_all
from hopcheck.cassettes.model import BODY_LIMIT
from hopcheck.cassettes.recording.clients import keep
from hopcheck.cassettes.recording.exchanges import ConnectionReader, RecordedExchange
from hopcheck_server.wire.pipe import PipeEvent
from tools.cassette_canaries import SECRETS

URL = "https://api.example.org"


WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
SHORT = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"


def passed(path: str, body: bytes, answer: bytes = WHOLE) -> list[RecordedExchange]:
    reader = ConnectionReader()
    head = f"POST {path} HTTP/1.1\r\nauthorization: Bearer hunter2hunter2\r\ncontent-length: {len(body)}\r\n\r\n"
    reader.feed(PipeEvent(2_000_000, "client", "data", head.encode() + body))
    reader.feed(PipeEvent(5_000_000, "server", "data", answer))
    reader.feed(PipeEvent(6_000_000, "server", "end"))
    return reader.exchanges


def test_marked_requests_go_to_the_cassette_of_their_case(tmp_path: Path) -> None:
    marked = passed("/v1/chat/completions", b'{"a": "hopcheck:stream.cut~fin~chat:n0"}')
    result = keep([*passed("/v1/x?api-version=1", b"{}"), *marked], 1_000_000, URL, tmp_path, "session")
    cassettes = load_all(tmp_path)
    assert (sorted(cassettes), result.left_out) == (["session", "stream.cut~chat"], [])
    (one,) = cassettes["session"].interactions
    assert (one.request.uri, one.delivery.at_us, one.delivery.head_us) == (f"{URL}/v1/x?api-version=1", 1000, 3000)


@pytest.mark.parametrize(
    ("exchanges", "why"),
    [
        (passed("/v1/x", b"x" * (BODY_LIMIT + 1)), "POST /v1/x: a body is longer than 256 KiB"),
        (
            passed("/v1/x", b"{}", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"),
            "POST /v1/x: its response ended as `cut`",
        ),
        (passed("/v1/x", b'"gJ2cHkT8PQPDea2Ja1joaIcGPLR1pMTBTgFxvkUQ"'), "POST /v1/x: request.body looks like"),
    ],
    ids=["long", "cut", "secret"],
)
def test_what_cannot_be_saved_is_listed_and_the_rest_is_saved(
    exchanges: list[RecordedExchange], why: str, tmp_path: Path
) -> None:
    result = keep([*exchanges, *passed("/v1/y", b"{}")], 0, URL, tmp_path, "session")
    assert [one.startswith(why) for one in result.left_out] == [True]
    assert [one.request.path for one in load_all(tmp_path)["session"].interactions] == ["/v1/y"]


def test_a_key_that_a_request_shows_is_redacted_everywhere(tmp_path: Path) -> None:
    keep(passed("/v1/x", b'{"why": "hunter2hunter2"}'), 0, URL, tmp_path, "session")
    text = (tmp_path / "session.yaml").read_text()
    assert "hunter2" not in text
    assert "[redacted]" in text


def test_the_command_records_until_it_is_interrupted(tmp_path: Path) -> None:
    upstream = [sys.executable, "-m", "hopcheck", "upstream", "--port", "0"]
    with subprocess.Popen(upstream, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        command = [sys.executable, "-m", "hopcheck", "record", "--between", "http://127.0.0.1:0", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as recorder:
            assert recorder.stdout is not None
            here = recorder.stdout.readline().split()[1]
            secret = SECRETS["openai"](random.Random(1))
            asked = httpx2.get(f"{here}/v1/models", headers={"authorization": f"Bearer {secret}"})
            recorder.send_signal(signal.SIGINT)
            printed = recorder.stdout.read()
        server.terminate()
    assert (asked.status_code, recorder.returncode) == (200, 0)
    path = tmp_path / "cassettes" / "session" / "session.yaml"
    assert f"saved {Path('cassettes', 'session', 'session.yaml')}" in printed
    assert secret not in path.read_text()
    (one,) = load_all(path.parent)["session"].interactions
    assert one.response is not None
    assert one.response.body == asked.content
