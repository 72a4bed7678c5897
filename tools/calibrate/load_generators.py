"""Plain Locust and wrk, which have users that wait for their responses, and hopcheck's locustfile: how to run them.

Their output is read as quantiles in milliseconds.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from hopcheck_load.stats.histograms import Histograms
from hopcheck_server.exits import UNTESTABLE, Stop

QUANTILES = (0.5, 0.75, 0.9, 0.99)
"""The quantiles that wrk prints."""

READ_TIMEOUT_S = 120.0
"""A tool that runs for longer is killed."""

HOW_TO_GET_WRK = "wrk isn't here, so its column stays empty: apt-get install wrk, or brew install wrk."

Quantiles = Mapping[float, float]
"""Milliseconds by quantile."""

_USER = """
from locust import HttpUser, task

class Plain(HttpUser):
    @task
    def ask(self):
        self.client.post({path!r}, data={body!r}, headers={headers!r})
"""
_LUA = """
wrk.method = "POST"
wrk.body = {body}
{headers}
"""
_LINE = re.compile(r"^ +(\d+)% +([\d.]+)(us|ms|s)$", re.MULTILINE)
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """The load that a tool generates.

    Attributes:
        url: The base URL, with its `/v1`.
        body: The body of every request.
        key: The API key.
        seconds: How long the load lasts.
        users: How many users there are; each sends its next request when it has a response.
    """

    url: str
    body: bytes
    key: str = ""
    seconds: float = 4.0
    users: int = 1

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}


def locust(asked: LoadRequest) -> Quantiles:
    """Measure with an `HttpUser` of Locust, by its own statistics.

    Raises:
        Stop: A request failed, or none was answered.
    """
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as name:
        file, statistics = Path(name) / "plain.py", Path(name) / "statistics"
        path = "/v1/chat/completions"
        file.write_text(_USER.format(path=path, body=asked.body, headers=asked.headers), encoding="utf-8")
        host = asked.url.removesuffix("/v1")
        load = ("-u", str(asked.users), "-r", str(asked.users), "-t", f"{asked.seconds:g}s")
        _locust("-f", str(file), "--host", host, *load, "--json-file", str(statistics))
        entries = json.loads(statistics.with_suffix(".json").read_text(encoding="utf-8"))
    return of_locust(entries, asked.seconds)


def of_locust(entries: list[dict[str, Any]], seconds: float) -> Quantiles:
    """Return the quantiles in what `locust --json-file` writes: it has an entry for each name with a response."""
    if not entries:
        raise Stop(UNTESTABLE, f"Locust had no answer within {seconds:g} s.")
    (entry,) = entries
    if entry["num_failures"]:
        raise Stop(UNTESTABLE, f"{entry['num_failures']} of {entry['num_requests']} requests of Locust failed.")
    times = sorted((float(ms), count) for ms, count in entry["response_times"].items())
    return {quantile: _at(times, quantile) for quantile in QUANTILES}


def _locust(*words: str) -> None:
    command = [sys.executable, "-m", "locust", "--headless", "--only-summary", "--loglevel", "ERROR", *words]
    done = _run("Locust", command)
    if done.returncode not in (0, 1):  # 1: requests failed, which its statistics have
        raise Stop(UNTESTABLE, f"Locust ended with {done.returncode}: {done.stderr[-500:]}")


def _run(name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=READ_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise Stop(UNTESTABLE, f"{name} didn't end within {READ_TIMEOUT_S:g} s.") from error


def _at(times: list[tuple[float, int]], quantile: float) -> float:
    left = quantile * sum(count for _, count in times)
    for ms, count in times:
        left -= count
        if left <= 0:
            return ms
    return times[-1][0]


def wrk(asked: LoadRequest) -> Quantiles | None:
    """Measure with wrk; None where it isn't installed.

    Raises:
        Stop: A request failed.
    """
    program = shutil.which("wrk")
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as name:
        script = Path(name) / "ask.lua"
        script.write_text(_lua(asked), encoding="utf-8")
        load = ("-t1", f"-c{asked.users}", f"-d{asked.seconds:g}s")
        command = [program, *load, "--latency", "-s", str(script), f"{asked.url}/chat/completions"]
        done = _run("wrk", command)
    if done.returncode or "Non-2xx" in done.stdout:
        raise Stop(UNTESTABLE, f"not all that wrk asked was answered: {(done.stderr or done.stdout)[-500:]}")
    return of_wrk(done.stdout)


def _lua(asked: LoadRequest) -> str:
    # A JSON string of printable ASCII is a Lua string, too.
    headers = "\n".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in asked.headers.items()
    )
    return _LUA.format(body=json.dumps(asked.body.decode("ascii")), headers=headers)


def of_wrk(output: str) -> Quantiles:
    """Return the quantiles in what `wrk --latency` prints."""
    return {int(percent) / 100: float(number) * _UNITS[unit] for percent, number, unit in _LINE.findall(output)}


def open_loop(asked: LoadRequest, rate: float) -> Quantiles:
    """Measure with hopcheck's locustfile: requests are sent at a rate, whether others have been answered or not."""
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as name:
        merged = Path(name) / "hdr.json"
        options = {"target": asked.url, "rate": rate, "duration": asked.seconds, "hdr": merged}
        words = [word for option, value in options.items() for word in (f"--hopcheck-{option}", str(value))]
        _locust("-f", str(files("hopcheck_load").joinpath("locustfile.py")), *words)
        kept = Histograms()
        kept.add(json.loads(merged.read_text(encoding="utf-8")))
    return {quantile: kept.quantile_ms("POST chat via target", quantile) for quantile in QUANTILES}
