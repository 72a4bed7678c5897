"""What a verdict keeps of the wire, and the curl line that asks again."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from hopcheck import Findings, Relay, Target, expect, reply
from hopcheck.client.responses import Response, SentRequest
from hopcheck.engine.case_run import run_case
from hopcheck.engine.wire_log import BODY_FILE, CURL_SHOWN, curl_line, wire_log
from hopcheck.selftest.relay_host import RelayHost

URL = "http://127.0.0.1:4000/v1/chat/completions"


def asked(*headers: tuple[str, str], method: str = "POST", body: bytes = b"") -> list[Response]:
    return [Response(SentRequest("m", method, URL, headers, body, 1))]


def line_of(*headers: tuple[str, str], **more: Any) -> str:
    return curl_line(asked(*headers, **more)[0].sent, {"sk-1": "API_KEY"})


def words(line: str, key: str = "sk-1") -> list[str]:
    """What a shell makes of a line."""
    script = line.replace("curl ", f"{sys.executable} -c 'import json, sys; print(json.dumps(sys.argv[1:]))' ", 1)
    done = subprocess.run(["sh", "-c", script], env={"API_KEY": key}, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_a_curl_line_takes_the_key_from_the_environment() -> None:
    body = '{"text": "it\'s $HOME \\"é\\""}'.encode()
    line = line_of(("Host", "h"), ("Authorization", "Bearer sk-1"), ("X-A", "b c"), ("Content-Length", "9"), body=body)
    assert "sk-1" not in line
    assert words(line) == [
        *("-sS", "-N", "-i", "-X", "POST", URL),
        *("-H", "Authorization: Bearer sk-1", "-H", "X-A: b c"),
        *("--data-binary", body.decode()),
    ]


def test_headers_that_differ_from_curls_own_are_in_the_line() -> None:
    named, asks = "Connection: keep-alive, X-Private", "Accept: application/json"
    assert words(line_of(("Connection", "keep-alive"), ("Accept", "*/*"))) == words(line_of())
    assert words(line_of(("Connection", "keep-alive, X-Private")))[-2:] == ["-H", named]
    assert words(line_of(("Accept", "application/json")))[-2:] == ["-H", asks]


@pytest.mark.parametrize("value", ["Bearer wrong", "Basic sk-1", "Bearer sk-1x sk-1", "$(rm) sk-1 `x` \"'"])
def test_another_key_is_asked_with_as_it_was(value: str) -> None:
    line = line_of(("Authorization", value))
    assert "sk-1" not in line
    assert words(line)[-1] == f"Authorization: {value}"


def test_heads_large_bodies_and_nothing_at_all() -> None:
    assert words(line_of(method="HEAD"))[:3] == ["-sS", "-N", "--head"]
    assert words(line_of(body=b"x" * CURL_SHOWN))[-1] == "x" * CURL_SHOWN
    assert line_of(body=b"x" * (CURL_SHOWN + 1)).endswith(f" --data-binary @{BODY_FILE}")


def test_the_failing_exchanges_come_first_with_their_lines() -> None:
    responses = [Response(SentRequest(f"m{place}", "POST", URL, (), b"", place)) for place in range(4)]
    log = wire_log(responses, [], 0, failing=(2, 1), shown=(3,))
    assert [entry["exchange"] for entry in log] == [2, 1, 0, 3]
    assert [entry["failing"] for entry in log] == [True, True, False, False]
    assert [bool(entry["reproduce"]) for entry in log] == [True, True, False, True]


def test_both_sides_are_kept_in_the_order_of_their_times(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"], upstream=reply.stream("Hel", "lo"))
    async def one(target: Target) -> Findings:
        """It streams."""
        yield expect("text", (await target.chat.stream()).joined(), equals="Hello")

    async def main():
        async with RelayHost({"relay": Relay}, [one]) as made:
            verdict = await run_case(one, replace(made.context("relay"), wire_log=True))
            assert made.upstream.journal.attempts(verdict.exchanges[0]["request"]["body"]) == []
            return verdict

    client, upstream = bench.alone(main).exchanges
    assert (client["side"], upstream["side"]) == ("client", "upstream")
    assert 0 <= client["at"] <= upstream["at"] <= upstream["response"]["ended_at"] <= client["response"]["ended_at"]
    assert (client["response"]["status"], client["response"]["ended"]) == (200, "complete")
    assert client["events"][-1]["data"] == "data: [DONE]\n\n"
    assert upstream["request"]["url"] == "/v1/chat/completions"
    assert upstream["response"]["body_bytes"] > 0
    assert (upstream["response"]["status"], upstream["exchange"]) == (200, client["exchange"])
    assert [event["data"] for event in upstream["events"]] == [event["data"] for event in client["events"]]
    assert "hopcheck:chat.one~~chat:" in client["request"]["body"]


def test_an_answer_that_never_came_has_no_moments() -> None:
    (entry,) = wire_log(asked(), [], 1)
    assert (entry["response"]["status"], entry["response"]["at"], entry["events"]) == (None, None, [])
