"""A web page whose name leads to this host can neither read nor change anything at the upstream, in a real browser."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hopcheck_server.upstream.control.access import ControlAccess
from hopcheck_server.upstream.script import reply
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.client import ClientConnection
from hopcheck_server.wire.server import Server, ServerExchange

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.commands
KEY, MARKER, PAGE = "sk-provider-7f3a91bc", "hopcheck:a.b~~chat:1", "rebound.example"
ASKED = [
    ("GET", "/_hopcheck/unmarked?since_ns=0"),
    ("GET", f"/_hopcheck/journal/{MARKER}"),
    ("GET", "/_hopcheck/health"),
    ("PUT", "/_hopcheck/scripts"),
    ("POST", f"/_hopcheck/journal/{MARKER}/release"),
    ("DELETE", f"/_hopcheck/journal/{MARKER}"),
    ("DELETE", "/_hopcheck/times/a.b"),
]
SCRIPT = """
<pre id="seen"></pre><script>
const seen = ASKED.map(([method, path]) => {
  const request = new XMLHttpRequest();
  request.open(method, path, false);
  request.setRequestHeader("X-Hopcheck-Control", "a guess");
  request.send(method === "PUT" ? "{}" : null);
  return [method, path, request.status, btoa(request.responseText)];
});
document.getElementById("seen").textContent = JSON.stringify(seen);
</script>"""


async def rebound(upstream: Upstream) -> Server:
    """A server whose page and the upstream have one origin, as after the page's name was rebound."""

    async def handle(exchange: ServerExchange) -> None:
        if exchange.target == "/":
            await exchange.respond(200, "text/html", SCRIPT.replace("ASKED", json.dumps(ASKED)).encode())
            return
        connection = await ClientConnection.open("127.0.0.1", upstream.port)
        await connection.send(exchange.method, exchange.target, exchange.headers, exchange.body)
        head = await connection.head(10)
        body = b"".join([data async for _, data in connection.chunks(10)])
        connection.close()
        await exchange.respond(head.status, "application/json", body)

    return await Server(handle).start()


async def seen_by_the_page(port: int, profile: Path) -> list[Any]:
    browser = await asyncio.create_subprocess_exec(
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
        f"--host-resolver-rules=MAP {PAGE} 127.0.0.1",
        "--dump-dom",
        f"http://{PAGE}:{port}/",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await browser.communicate()
    text = out.decode().partition('<pre id="seen">')[2].partition("</pre>")[0]
    return list(json.loads(text.replace("&amp;", "&")))


async def visit(profile: Path) -> tuple[list[Any], int, dict[str, Any]]:
    """What the page saw, how many attempts the journal has afterwards, and the scripts."""
    async with await Upstream.start({"a.b": reply.script_of(reply.chat("hi"))}) as upstream:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": MARKER}]}).encode()
        for sent in (body, body.replace(MARKER.encode(), b"hi")):
            connection = await ClientConnection.open("127.0.0.1", upstream.port)
            headers = [("host", "h"), ("authorization", f"Bearer {KEY}"), ("content-length", str(len(sent)))]
            await connection.send("POST", "/v1/chat/completions", headers, sent)
            await connection.head(10)
            connection.close()
        async with await rebound(upstream) as server:
            seen = await seen_by_the_page(server.port, profile)
        return seen, len(upstream.journal.attempts(MARKER)), upstream.scripts


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_page_under_a_rebound_name_reads_and_changes_nothing(tmp_path: Path) -> None:
    seen, attempts, scripts = asyncio.run(visit(tmp_path))
    assert [status for _, _, status, _ in seen] == [403] * len(ASKED)
    assert attempts == 1
    assert list(scripts) == ["a.b"]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_the_same_page_reads_the_key_where_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ControlAccess, "refusal", lambda *_, **__: "")
    seen, attempts, _ = asyncio.run(visit(tmp_path))
    assert [status for _, _, status, _ in seen] == [200] * len(ASKED)
    assert attempts == 0
