"""The exchanges of the official client are the case's, as all others."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace

import pytest

from hopcheck import Findings, Relay, Target, expect, reply
from hopcheck.client.sdk import BodyBudget
from hopcheck.engine.case_run import run_case
from hopcheck.selftest.relay_host import RelayHost


def test_what_the_official_client_asks_and_gets_is_kept(case, bench) -> None:
    @case("chat.sdk", level="MUST", refs=["a"], upstream={"a": reply.chat("hi"), "b": reply.stream("Hel", "lo")})
    async def sdk(target: Target) -> Findings:
        """It answers the official client."""
        async with target.sdk() as client:
            ask = client.chat.completions.create
            messages = [{"role": "user", "content": target.marker("a")}]
            plain = await ask(model=target.models.chat, messages=messages)
            messages = [{"role": "user", "content": target.marker("b")}]
            pieces = [piece async for piece in await ask(model=target.models.chat, messages=messages, stream=True)]
        yield expect("text", plain.choices[0].message.content, equals="other")
        yield expect("pieces", len(pieces), at_least=2)

    async def main():
        async with RelayHost({"relay": Relay}, [sdk]) as made:
            return await run_case(sdk, replace(made.context("relay"), wire_log=True))

    verdict = bench.alone(main)
    client = [entry for entry in verdict.exchanges if entry["side"] == "client"]
    upstream = [entry for entry in verdict.exchanges if entry["side"] == "upstream"]
    assert [entry["response"]["status"] for entry in client] == [200, 200]
    assert [entry["response"]["ended"] for entry in client] == ["complete", "complete"]
    assert sorted(entry["exchange"] for entry in upstream) == [0, 1]
    streamed = next(entry for entry in client if entry["exchange"] == 1)
    assert streamed["events"][-1]["data"] == "data: [DONE]\n\n"
    assert all(0 <= entry["at"] <= entry["response"]["at"] <= entry["response"]["ended_at"] for entry in client)
    assert verdict.judged["contract.response", "chat"] == 1
    assert verdict.judged["contract.event", "chat.stream"] >= 2
    assert verdict.asked == {"chat": 1, "chat.stream": 1}


@pytest.mark.parametrize(
    ("coding", "pieces", "exceeds"),
    [
        ("", [b"x" * 50, b"x" * 50], [False, False]),
        ("", [b"x" * 50, b"x" * 51], [False, True]),
        ("br", [b"x" * 50, b"x" * 51], [False, True]),
        ("gzip", [gzip.compress(b"x" * 100)], [False]),
        ("X-GZIP", [gzip.compress(b"x" * 101)], [True]),
        ("deflate", [zlib.compress(b"x" * 1_000_000)], [True]),
        ("gzip", [b"no gzip at all", b"x" * 50], [False, False]),
    ],
)
def test_a_body_is_read_as_far_as_its_budget(coding: str, pieces: list[bytes], exceeds: list[bool]) -> None:
    budget = BodyBudget(coding, 100)
    assert [budget.exceeds(piece) for piece in pieces] == exceeds


@pytest.mark.parametrize(
    ("coding", "is_countable"),
    [("", True), ("identity", True), ("gzip", True), ("Deflate", True), ("gzip, gzip", False), ("br", False)],
)
def test_a_coding_that_was_not_asked_for_is_not_read(coding: str, is_countable: bool) -> None:
    assert BodyBudget(coding).is_countable is is_countable
