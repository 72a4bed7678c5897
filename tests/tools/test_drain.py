"""SIGTERM in the middle of traffic: nothing is cut or lost, by one process and by two; and what is, is noticed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tools.drain import ANSWERED, REFUSED, Drained, main

SHORT = ["--seconds", "4", "--delay", "1"]


@pytest.mark.commands
@pytest.mark.parametrize("workers", ["1", "2"])
def test_200_streams_and_20_chats_a_second(workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--workers", workers]) == 0, capsys.readouterr()
    _, streams, chats, end = capsys.readouterr().out.splitlines()
    assert streams == "  streams: 200 whole, 0 cut"
    assert chats.endswith("refused by the closed listener, 0 lost")
    assert end.endswith("after SIGTERM, with 0")


@pytest.mark.commands
def test_workers_are_replaced_without_a_loss(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--workers", "2", "--restart"]) == 0, capsys.readouterr()
    _, streams, chats, _ = capsys.readouterr().out.splitlines()
    assert streams == "  streams: 200 whole, 0 cut"
    assert chats.endswith(" answered, 0 refused by the closed listener, 0 lost")


@pytest.mark.commands
def test_streams_that_the_grace_cuts_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "30", "--delay", "0", "--grace", "1", "--streams", "5"]) == 1
    printed = capsys.readouterr()
    assert "  streams: 0 whole, 5 cut" in printed.out
    assert "5 streams ended otherwise: an error in the stream" in printed.err


def drained(*chats: str, **other: Any) -> Drained:
    return Drained(**{"streams": Counter({ANSWERED: 2}), "chats": list(chats), **other})


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (drained(ANSWERED, "reset", REFUSED), "1 chats ended otherwise: reset"),
        (drained(ANSWERED, "503", REFUSED), "1 chats ended otherwise: 503"),
        (drained(ANSWERED, REFUSED, ANSWERED), "1 chats were taken after one had been refused"),
        (drained(ANSWERED, streams=Counter({ANSWERED: 1, "cut": 1})), "1 streams ended otherwise: cut"),
        (drained(ANSWERED, streams=Counter({REFUSED: 1})), "1 streams ended otherwise: refused"),
        (drained(ANSWERED, REFUSED, restarted=True), "1 chats ended otherwise: refused"),
        (drained(ANSWERED, exit_code=-15), "the process ended with -15"),
        (
            drained(ANSWERED, log="socket.send() raised exception."),
            "the process printed:\nsocket.send() raised exception.",
        ),
    ],
)
def test_each_loss_is_a_complaint(found: Drained, complaint: str) -> None:
    assert list(found.complaints()) == [complaint]


def test_a_drain_without_a_loss_holds() -> None:
    assert list(drained(ANSWERED, ANSWERED, REFUSED, REFUSED).complaints()) == []
