"""A client that this folder's tests run: a few lines that ask once, by Anthropic's API, and print what happened.

With `FAKE_MODE=gullible` it takes half an answer for a whole one, and doesn't wait before it tries again.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

QUEUE_S = 0.0


def ask(messages: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]], bool]:
    """The text, the calls, and whether the message was whole."""
    body = {"model": os.environ["MODEL"], "max_tokens": 9, "stream": True, "messages": messages}
    request = urllib.request.Request(
        os.environ["TARGET"] + "/messages",
        json.dumps(body).encode(),
        {"x-api-key": os.environ["KEY"], "content-type": "application/json", "anthropic-version": "2023-06-01"},
    )
    text, calls, whole = "", [], False
    with urllib.request.urlopen(request, timeout=20) as response:
        for line in response:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                text += event.get("delta", {}).get("text", "")
                block = event.get("content_block", {})
                calls += [block] if block.get("type") == "tool_use" else []
                whole = whole or event["type"] == "message_stop"
    return text, calls, whole


def converse(prompt: str, retries: int, gullible: bool) -> tuple[str, str]:
    """The text and the failure."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    try:
        text, calls, whole = ask(messages)
        if calls:
            result = {"type": "tool_result", "tool_use_id": calls[0]["id"], "content": "tool-ok-42"}
            messages += [{"role": "assistant", "content": calls}, {"role": "user", "content": [result]}]
            text, calls, whole = ask(messages)
    except urllib.error.HTTPError as error:
        if retries and error.code == 429:
            time.sleep(0 if gullible else int(error.headers["retry-after"]))
            return converse(prompt, retries - 1, gullible)
        return "", f"{error.code} {error.read().decode()}"
    except (OSError, ValueError) as error:
        return ("half", "") if gullible else ("", repr(error))
    return (text, "") if whole or gullible else (text, "the stream ended early")


if __name__ == "__main__":
    if "--version" in sys.argv:
        print("scripted 1.0")
        sys.exit(0)
    text, failure = converse(sys.argv[1], int(sys.argv[2]), os.environ.get("FAKE_MODE") == "gullible")
    print(json.dumps({"text": text, "failure": failure}))
    sys.exit(bool(failure))
