"""`hopcheck load`, from arguments to exit codes and files."""

from __future__ import annotations

import json
import re
import socket
from itertools import pairwise
from pathlib import Path

import pytest

from hopcheck.cli import main
from hopcheck_load.measurement import records
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.report import document as report
from tools import calibrate

pytestmark = [pytest.mark.commands, pytest.mark.usefixtures("few_draws", "short_preparation")]


@pytest.fixture(scope="module")
def raw(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "raw.ndjson"
    records.write(made.chats(1200, {"fast": 1.0, "slow": 5.0}), path)
    return path


def load(*words):
    return main(["load", *map(str, words)])


def test_a_report_of_raw_records(raw, tmp_path, capsys):
    files = {kind: tmp_path / f"r.{kind}" for kind in ("json", "csv", "html", "markdown")}
    outputs = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    assert load("--from", raw, *outputs) == 0
    printed = capsys.readouterr().out
    assert re.search(r"fast adds (0\.99\d|1\.00) ms to the median chat exchange", printed)
    assert report.violations(json.loads(files["json"].read_text())) == []
    assert files["html"].read_text().startswith("<!doctype html>")
    assert "| chat | latency | slow |" in files["markdown"].read_text()
    assert files["csv"].read_text().startswith("row,workload,rate,measure,arm,")


def test_a_report_on_the_standard_output(raw, capsys):
    assert load("--from", raw, "--json", "-") == 0
    printed = capsys.readouterr()
    assert report.violations(json.loads(printed.out)) == []
    assert "fast adds" in printed.err
    assert "…" not in printed.err.replace(" … ", "")  # no cell is cut off


def test_an_earlier_report_with_nothing_in_common(raw, made, tmp_path, capsys):
    other, before = tmp_path / "other.ndjson", tmp_path / "other.json"
    records.write(made.chats(30, {"another": 1.0}), other)
    assert load("--from", other, "--json", before) == 0
    assert load("--from", raw, "--against", before, "--json", tmp_path / "r.json") == 3
    assert "no hop and workload in common" in capsys.readouterr().err
    assert json.loads((tmp_path / "r.json").read_text())["exit"] == 3


def test_a_report_that_cannot_be_written_is_still_printed(raw, tmp_path, capsys):
    assert load("--from", raw, "--json", tmp_path) == 4
    printed = capsys.readouterr()
    assert "fast adds" in printed.out
    assert f"can't write {tmp_path}: Is a directory" in printed.err


def test_budgets_decide_the_exit_code(raw, capsys):
    assert load("--from", raw, "--budget", "p50=9ms") == 0
    assert load("--from", raw, "--budget", "fast:p50=2ms", "--budget", "p90=2ms") == 1
    assert load("--from", raw, "--budget", "p99=2ms") == 3
    assert "exceeded" in capsys.readouterr().out


def test_an_earlier_report(raw, made, tmp_path, capsys):
    before, after = tmp_path / "before.json", tmp_path / "after.ndjson"
    assert load("--from", raw, "--json", before) == 0
    assert load("--from", raw, "--against", before) == 0
    assert "2 of 2 figures hold" in capsys.readouterr().out
    records.write(made.chats(300, {"fast": 2.0, "slow": 5.0}), after)
    assert load("--from", after, "--against", before) == 1
    assert "slower" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give the URL of a hop"),
        (["http://127.0.0.1:1/v1"], "there is no upstream"),
        (["ftp://x", "--upstream-port", "1"], "is not a URL"),
        (
            ["http://127.0.0.1:1/v1,NO_KEY", "--upstream-port", "1"],
            "what stands after the URL of target is not the name",
        ),
        (["a=http://user:word@b/v1", "--upstream-port", "1"], "the hop 'a' can't be used: its URL has a user's name"),
        (["http://a/v1", "--upstream-port", "1", "--surface", "chats"], "'chats' is no surface"),
        (["http://a/v1", "--through", "target=http://b/v1", "--upstream-port", "1"], "two arms would be called"),
        (["direct=http://a/v1", "--upstream-port", "1"], "two arms would be called"),
        (["http://a/v1", "--upstream-port", "1", "--measure", "nonsense"], "'nonsense' is no workload"),
        (["http://a/v1", "--upstream-port", "1", "--budget", "fast"], "is no budget"),
        (["http://a/v1", "--upstream-port", "1", "--budget", "x:p50=1ms"], "none of the hops"),
        (["http://a/v1", "--upstream-port", "1", "--rounds", "1500", "--budget", "p99=1ms"], "too few for 'p99=1ms'"),
        (["--from", "no-such-file"], "no-such-file can't be read: No such file"),
        (["--from", "no-such-file", "--against", "no-such-report"], "no-such-report can't be read: No such file"),
        (["--from", "no-such-file", "--against", __file__], "test_command.py is not a hopcheck.load/2 report"),
        (["--from", __file__], "test_command.py isn't a hopcheck.load.raw/1 file"),
        (["http://a/v1", "--upstream-port", "1", "--html", "no/r.html"], "there is no folder no. Make it"),
    ],
)
def test_usage_errors(words, sentence, capsys):
    assert load(*words) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("key", ["sk-proj-0f3a91", "AKIAIOSFODNN7EXAMPLE", "GROQ_4fe81c"])
@pytest.mark.parametrize(
    "words",
    [
        ["http://a/v1,{}"],
        ["http://a/v1", "--api-key-env", "{}"],
        ["http://a/v1", "--through", "b=http://b/v1,{},m"],
        ["litellm={},http://a/v1"],
        ["{}"],
        ["http://{}@a/v1"],
        ["http://me:{}@a/v1"],
    ],
)
def test_a_key_in_a_wrong_place_is_not_quoted(words, key, capsys):
    assert load(*(word.format(key) for word in words), "--upstream-port", "1") == 2
    printed = capsys.readouterr()
    assert key.lower() not in (printed.out + printed.err).lower()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--profile", "steps"], "--profile is for a measurement under load: give --rate, too"),
        (["--processes", "2"], "--processes is for a measurement under load"),
        (["--rate", "0"], "--rate must be more than 0"),
        (["--rate", "5", "--processes", "0"], "--processes must be between 1 and 99"),
        (["--rate", "5", "--quick"], "--rounds and --quick are for the measurement at rest"),
        (["--rate", "5", "--pause", "10"], "--pause is for the measurement at rest"),
        (["--rate", "5", "--fallback-model", "m"], "--fallback-model is for --profile faults"),
        (["--rate", "5", "--measure", "fleat"], "'fleat' is no workload"),
        (["--rate", "5", "--pid", "x"], "'x' is no process"),
    ],
)
def test_usage_errors_under_load(words, sentence, capsys):
    assert load("http://127.0.0.1:1/v1", "--upstream-port", "0", *words) == 2
    assert sentence in capsys.readouterr().err


def test_where_the_locustfile_is(capsys):
    assert load("--locustfile") == 0
    assert Path(capsys.readouterr().out.strip()).is_file()


def test_a_port_that_something_else_holds(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        port = listening.getsockname()[1]
        assert load("http://127.0.0.1:1/v1", "--upstream-port", port) == 3
    assert f"Port {port}" in capsys.readouterr().err


def test_a_measurement(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("A_KEY", "hopcheck-client-key")
    raw, page = tmp_path / "raw.ndjson", tmp_path / "report.json"
    with UpstreamProcess() as provider, calibrate.relays(provider.url) as url:
        hops = [f"base={url}/base/v1,A_KEY", "--through", f"late={url}/late-5ms/v1,A_KEY,fake-model"]
        words = [
            "--upstream-url",
            provider.url,
            "--rounds",
            5,
            "--measure",
            "chat,stream",
            "--pause",
            1,
            "--raw",
            raw,
            "--json",
            page,
        ]
        assert load(*hops, *words, "--budget", "late:p50=1us") == 3  # five rounds have no interval
        assert (
            load(*hops, "--upstream-url", provider.url, "--rounds", 5, "--measure", "chat", "--api-key-env", "A_KEY")
            == 0
        )
    document = json.loads(page.read_text())
    assert [arm["name"] for arm in document["arms"]] == ["direct", "control", "base", "late"]
    assert [one["name"] for one in document["workloads"]] == ["chat", "stream"]
    assert document["exit"] == 3
    assert document["upstream"]["pause_ms"] == 1.0
    sent = sorted((record.sent_ns, record.done_ns) for record in records.read(raw).records)
    assert all(later[0] - earlier[1] >= 1_000_000 for earlier, later in pairwise(sent))
    assert "hopcheck-client-key" not in raw.read_text() + page.read_text()
    again = report.build(records.read(raw))
    assert again["workloads"] == document["workloads"]


def test_an_upstream_that_is_not_there(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert load("http://127.0.0.1:1/v1", "--upstream-url", f"http://127.0.0.1:{port}") == 3
    assert "can't be asked" in capsys.readouterr().err
