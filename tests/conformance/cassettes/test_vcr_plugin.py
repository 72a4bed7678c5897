"""The pytest plug-in for cassettes, in test runs of their own: tests that must pass, and tests that must fail."""

from __future__ import annotations

from dataclasses import replace

import cassette_samples as samples
import pytest

from hopcheck.cassettes import Cassette, save

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.commands

HEAD = """
import asyncio, json, socket
import httpx, httpx2, pytest
CLIENTS = [httpx.Client, httpx2.Client]

def ask(client, cassette, number=0, **fields):
    url = "http://elsewhere.test/v1/chat/completions"
    return client.post(url, json={**cassette.requests[number], **fields})
"""


@pytest.fixture
def run(pytester, tmp_path, monkeypatch):
    """Runs tests in a process of their own: what is patched there meets no server that another test runs here."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a run takes a tenth of the time
    folder = tmp_path / "cassettes"
    answers = [samples.answered("chat.two", f"n{number}", f"answer {number}") for number in range(2)]
    save(Cassette("chat.two", samples.MADE, tuple(answers)), folder)
    save(Cassette("stream.one", samples.MADE, (samples.streamed("stream.one", "n0", ("Hel", "lo")),)), folder)
    again = replace(answers[0])
    save(
        Cassette("chat.again", samples.MADE, (again, replace(again, delivery=replace(again.delivery, at_us=9)))), folder
    )

    def run(code, *options):
        pytester.makepyfile(HEAD + code)
        plugins = ["-p", "hopcheck.cassettes.vcr_plugin", "-p", "no:cacheprovider"]
        return pytester.runpytest_subprocess(*plugins, f"--hopcheck-cassettes={folder}", *options)

    return run


def test_what_is_meant_to_pass(run):
    result = run("""
@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.cassette("chat.two")
def test_out_of_order(cassette, kind):
    with kind() as client:
        texts = [ask(client, cassette, number).json()["choices"][0]["message"]["content"] for number in (1, 0)]
    assert texts == ["answer 1", "answer 0"]

@pytest.mark.parametrize("kind", [httpx.AsyncClient, httpx2.AsyncClient])
@pytest.mark.cassette("stream.one")
def test_a_stream(cassette, kind):
    async def lines():
        url = cassette.base_url + "/chat/completions"
        async with kind() as client, client.stream("POST", url, json=cassette.requests[0]) as answer:
            return [line async for line in answer.aiter_lines() if line]
    assert asyncio.run(lines())[-1] == "data: [DONE]"

@pytest.mark.cassette("chat.again")
def test_the_same_twice(cassette):
    with httpx.Client() as client:
        assert ask(client, cassette).status_code == ask(client, cassette).status_code == 200

@pytest.mark.cassette("chat.two", partial=True)
def test_a_part(cassette):
    with httpx.Client() as client:
        ask(client, cassette)
    assert cassette.play_count == 1

def test_without_a_cassette():
    assert socket.socket.connect.__name__ == "connect"
""")  # fmt: skip
    result.assert_outcomes(passed=7)


def test_an_application_in_process_is_asked_itself(run):
    result = run("""
async def app(scope, receive, send):
    async with httpx.AsyncClient() as client:
        answer = await client.post("http://x.test/v1/chat/completions", json=app.body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"hit")]})
    await send({"type": "http.response.body", "body": answer.content})

@pytest.mark.parametrize("module", [httpx, httpx2])
@pytest.mark.cassette("stream.one")
def test_it(cassette, module):
    app.body = cassette.requests[0]
    async def main():
        async with module.AsyncClient(transport=module.ASGITransport(app), base_url="http://app.test") as client:
            return await client.post("/v1/chat/completions", json=cassette.requests[0])
    answer = asyncio.run(main())
    assert answer.headers["x-app"] == "hit"
    assert answer.text.endswith("data: [DONE]\\n\\n")
""")
    result.assert_outcomes(passed=2)


MUST_NOT_PASS = {
    "assert cassette.requests": "*no request was sent: the code under test didn't use its HTTP client*",
    "ask(client, cassette)": "*not played: POST /v1/chat/completions*n1*say `partial=True`*",
    "ask(client, cassette, temperature=1)": "*CannotOverwriteExistingCassette*",
    "both(client, cassette); swallow(lambda: ask(client, cassette))": (
        "*the cassette chat.two: POST /v1/chat/*isn't on the cassette*"
    ),
    "both(client, cassette); client.get('http://127.0.0.1:1/v1/models')": "E  *GET http://127.0.0.1:1/v1/models",
    "socket.create_connection(('127.0.0.1', 9))": "*opens no connections, and this one leads to 127.0.0.1:9*",
}


def test_what_must_not_pass(run):
    tests = "\n".join(
        f"""
@pytest.mark.cassette("chat.two")
def test_{number}(cassette):
    with httpx.Client() as client:
        {body}
"""
        for number, body in enumerate(MUST_NOT_PASS)
    )
    result = run(
        """
def both(client, cassette):
    return [ask(client, cassette, number) for number in (0, 1)]

def swallow(act):
    try:
        act()
    except Exception:
        pass
"""
        + tests
    )
    result.assert_outcomes(failed=len(MUST_NOT_PASS))
    for line in MUST_NOT_PASS.values():
        result.stdout.fnmatch_lines([line])


BAD_MARKS = {
    "pytest.mark.cassette('chat.none')": "*there is no cassette*chat.none.yaml; set hopcheck_cassettes or record it*",
    "pytest.mark.cassette()": '*write @pytest.mark.cassette("<case>~<operation>")*',
    "pytest.mark.usefixtures('cassette')": '*the fixture `cassette` needs @pytest.mark.cassette("<case>~<operation>")*',
}


def test_bad_marks(run):
    tests = (f"@{mark}\ndef test_{number}():\n    pass\n" for number, mark in enumerate(BAD_MARKS))
    result = run("\n".join(tests))
    result.assert_outcomes(errors=len(BAD_MARKS))
    for line in BAD_MARKS.values():
        result.stdout.fnmatch_lines([line])
