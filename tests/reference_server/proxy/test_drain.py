"""SIGTERM: not ready at once, then no new connections, and nothing that goes on is cut."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator

import httpx2
import psutil
import pytest
from proxy_process import proxy_process
from raw_upstream import (
    CHAT,
    COMPLETION,
    DONE,
    KEY,
    ROLE,
    STOP,
    STREAM,
    STREAM_END,
    STREAM_HEAD,
    RawUpstream,
    Turn,
    ask,
    frame,
    response,
)

pytestmark = pytest.mark.commands
STREAMS = 40
HEADERS = {"authorization": f"Bearer {KEY}"}


class SlowStreams:
    """Answers chats at once, and streams only in part until they are let go."""

    def __init__(self, upstream: RawUpstream) -> None:
        self.upstream = upstream
        self.begun = 0
        upstream.script = self.script

    async def script(self, turn: Turn) -> None:
        if not turn.received.json.get("stream"):
            await turn.say(response(httpx2.Response(200, json=COMPLETION).content))
            return
        await turn.say(STREAM_HEAD + frame(ROLE))
        self.begun += 1
        await turn.upstream.permission()
        await turn.say(frame(STOP) + frame(DONE) + STREAM_END)

    def let_go(self) -> None:
        for _ in range(self.begun):
            self.upstream.permit()


@pytest.fixture
def slow(upstream: RawUpstream) -> SlowStreams:
    return SlowStreams(upstream)


def settings(upstream: RawUpstream, **more: str) -> dict[str, str]:
    given = {"LLM_MODE": "litellm", "LITELLM_PROXY_URL": upstream.url, "INTERNAL_API_KEY": KEY, "LOG_LEVEL": "warning"}
    return {**given, **more}


def begun_stream(client: httpx2.Client) -> socket.socket:
    connection = ask(client, STREAM)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    return connection


def rest_of(connection: socket.socket) -> bytes:
    connection.settimeout(30)
    with connection:
        return b"".join(iter(lambda: connection.recv(4096), b""))


def answers_until_refused(url: str) -> Iterator[httpx2.Response | httpx2.TransportError]:
    """Send chats, each on a connection of its own, until the listener is closed."""
    while True:
        try:
            yield httpx2.post(f"{url}/v1/chat/completions", json=CHAT, headers=HEADERS, timeout=30)
        except httpx2.ConnectError:
            return
        except httpx2.TransportError as error:
            yield error


def test_the_drain_loses_nothing(slow: SlowStreams) -> None:
    given = settings(slow.upstream, DRAIN_DELAY_S="2", SHUTDOWN_GRACE_S="60")
    with proxy_process(**given) as (url, child), httpx2.Client(base_url=url) as client:
        streams = [begun_stream(client) for _ in range(STREAMS)]
        assert client.get("/health/ready").status_code == 200
        child.send_signal(signal.SIGTERM)
        refused = not_ready(client)
        answers = list(answers_until_refused(url))
        slow.let_go()
        assert all(rest_of(stream).endswith(DONE + b"\r\n" + STREAM_END) for stream in streams)
        assert child.wait(30) == 0
        assert child.stderr is not None
        assert child.stderr.read() == ""
    assert refused.json()["error"]["code"] == "shutting_down"
    assert refused.headers["connection"] == "close"
    assert answers
    assert lost_before_the_end(answers) == []
    assert all(one.headers["connection"] == "close" for one in answers if isinstance(one, httpx2.Response))


def lost_before_the_end(answers: list[httpx2.Response | httpx2.TransportError]) -> list[object]:
    """What isn't an answer; the last one may have met the listener's end."""
    return [one for one in answers[:-1] if not isinstance(one, httpx2.Response) or one.status_code != 200]


def not_ready(client: httpx2.Client) -> httpx2.Response:
    """The first answer that says so: a signal takes a moment to arrive."""
    while (answer := client.get("/health/ready")).status_code == 200:
        pass
    return answer


def test_a_request_on_an_idle_connection_is_still_served(slow: SlowStreams) -> None:
    given = settings(slow.upstream, DRAIN_DELAY_S="0", SHUTDOWN_GRACE_S="60")
    with proxy_process(**given) as (url, child), httpx2.Client(base_url=url, headers=HEADERS) as client:
        with begun_stream(client) as stream:
            assert client.get("/v1/models").status_code in (200, 502)
            child.send_signal(signal.SIGTERM)
            answer = client.post("/v1/chat/completions", json=CHAT)
            slow.let_go()
            assert rest_of(stream).endswith(STREAM_END)
        assert child.wait(30) == 0
    assert answer.status_code == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_sigterm_ends_at_once(slow: SlowStreams, workers: str) -> None:
    given = settings(slow.upstream, DRAIN_DELAY_S="600", SHUTDOWN_GRACE_S="600")
    with proxy_process("--workers", workers, **given) as (url, child), httpx2.Client(base_url=url) as client:
        stream = begun_stream(client)
        child.send_signal(signal.SIGTERM)
        not_ready(client)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
        assert b"[DONE]" not in rest_of(stream)


def metric(url: str, name: str) -> float:
    lines = httpx2.get(f"{url}/metrics", headers=HEADERS).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_several_workers_are_one_server(slow: SlowStreams) -> None:
    with proxy_process("--workers", "2", **settings(slow.upstream, SHUTDOWN_GRACE_S="60")) as (url, child):
        with httpx2.Client(base_url=url) as client:
            stream = begun_stream(client)
            for _ in range(20):
                assert httpx2.post(f"{url}/v1/chat/completions", json=CHAT, headers=HEADERS).status_code == 200
            assert metric(url, 'llm_proxy_requests_total{route="/v1/chat/completions"') == 20
            assert metric(url, 'llm_proxy_requests_in_flight{route="/v1/chat/completions"') == 1
            before = workers_of(child.pid)
            assert len(before) == 2
            child.send_signal(signal.SIGHUP)
            assert set(chats_until_replaced(url, slow, child.pid, before)) == {200}
            assert rest_of(stream).endswith(STREAM_END)
            child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0


def test_sigterm_counts_while_workers_are_replaced(slow: SlowStreams) -> None:
    given = settings(slow.upstream, DRAIN_DELAY_S="0", SHUTDOWN_GRACE_S="600")
    with proxy_process("--workers", "2", **given) as (url, child), httpx2.Client(base_url=url) as client:
        stream = begun_stream(client)
        before = workers_of(child.pid)
        child.send_signal(signal.SIGHUP)
        while workers_of(child.pid) == before:
            pass
        child.send_signal(signal.SIGTERM)
        # The stream keeps an old worker from ending; the listener is closed all the same.
        assert lost_before_the_end(list(answers_until_refused(url))) == []
        slow.let_go()
        assert rest_of(stream).endswith(STREAM_END)
        assert child.wait(30) == 0


def chats_until_replaced(url: str, slow: SlowStreams, pid: int, before: set[int]) -> Iterator[int]:
    """Send chats while the workers are replaced; the stream is let go meanwhile, which lets the old ones end."""
    while workers_of(pid) & before:
        yield httpx2.post(f"{url}/v1/chat/completions", json=CHAT, headers=HEADERS, timeout=30).status_code
        slow.let_go()
        slow.begun = 0


def workers_of(pid: int) -> set[int]:
    return {child.pid for child in psutil.Process(pid).children() if is_worker(child)}


def is_worker(child: psutil.Process) -> bool:
    """Whether it is a worker that hasn't ended since it was found."""
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False
