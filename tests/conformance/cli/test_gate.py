"""`hopcheck gate` on a healthy relay and on an odd server: verdicts, reports, baselines."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.commands


def test_a_healthy_relay_holds_and_every_report_is_written(cli, relay, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "junit", "markdown", "html", "sarif")}
    flags = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    done = cli.run(*relay.words, "--select", "stream.d*", "--select", "fallback.*", *flags, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "holds: " in done.out
    assert all(str(path) in done.out for path in files.values())
    judged = cli.outcomes(files["json"])
    assert judged["stream.done-once[chat.stream]"] == "conforms"
    assert {name: outcome for name, outcome in judged.items() if name.startswith("fallback.")} == dict.fromkeys(
        [name for name in judged if name.startswith("fallback.")], "not-applicable"
    )
    assert {case["profile"] for case in cli.report(files["json"])["cases"]} == {"stream", "fallback"}
    causes, *suites = ElementTree.parse(files["junit"]).getroot()
    assert causes.get("name") == "hopcheck.causes"
    assert sum(len(suite.findall("testcase")) for suite in suites) == len(judged)
    assert "| " in files["markdown"].read_text()
    assert "</html>" in files["html"].read_text()
    assert not any("hopcheck-client-key" in path.read_text() for path in files.values())


def test_an_upstream_that_runs_already_is_used_and_left(inside, cli, relay, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hopcheck", "upstream", "--port", str(relay.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as upstream:
        assert upstream.stdout is not None
        upstream.stdout.readline()
        both = inside(*relay.words, "--profile", "core", "--json", "both.json")
        url = ("--upstream-url", f"http://127.0.0.1:{relay.port}")
        named = inside(*relay.words_without_provider, *url, "--profile", "core", "--json", "named.json")
        alone = inside(*relay.words, "--one-sided", "--profile", "core", "--json", "alone.json")
        assert upstream.poll() is None
        upstream.terminate()
    assert (both.code, named.code, alone.code) == (0, 0, 0), both.err + named.err + alone.err
    judged = {name: cli.outcomes(tmp_path / f"{name}.json") for name in ("both", "named", "alone")}
    assert judged["both"] == judged["named"]
    assert judged["both"]["chat.content-exact[chat]"] == "conforms"
    assert judged["alone"]["chat.schema[chat]"] == "conforms"
    assert judged["alone"]["chat.content-exact[chat]"] == "not-applicable"
    assert cli.report(tmp_path / "alone.json")["target"]["one_sided"] is True


def test_a_missing_provider_is_reported_one_sided_too(inside, relay) -> None:
    done = inside("gate", relay.url, "--api-key-env", "RELAY_KEY", "--one-sided", "--profile", "core")
    assert done.code == 3
    assert "it isn't ready, or its provider is away" in done.err


def test_a_must_fails_the_gate_and_a_should_only_when_strict(inside, cli, canned, tmp_path: Path) -> None:
    must = inside(*canned, "--select", "errors.invalid-json[chat]", "--json", "must.json")
    should = inside(*canned, "--select", "errors.content-type[chat]", "--json", "should.json")
    strict = inside(*canned, "--select", "errors.content-type[chat]", "--strict")
    assert (must.code, should.code, strict.code) == (1, 0, 1), should.out
    assert cli.outcomes(tmp_path / "must.json") == {"errors.invalid-json[chat]": "deviates"}
    assert cli.outcomes(tmp_path / "should.json") == {"errors.content-type[chat]": "advisory"}
    assert "errors.invalid-json" in must.out
    assert "expected" in must.out


def test_fail_fast_stops_at_the_first_failure(inside, cli, canned, tmp_path: Path) -> None:
    picked = ("--select", "errors.invalid-json", "--select", "models.*", "--jobs", "1", "--json", "r.json")
    done = inside(*canned, *picked, "--fail-fast")  # the models' case would wait for an answer in vain
    assert done.code == 1
    document = cli.report(tmp_path / "r.json")
    assert (document["partial"], [case["id"] for case in document["cases"]]) == (True, ["errors.invalid-json"])


def test_a_baseline_is_written_then_holds_then_grows_stale(inside, cli, canned, tmp_path: Path) -> None:
    picked = (*canned, "--select", "errors.invalid-json[chat]")
    assert inside(*picked, "--write-baseline", "known.toml").code == 1
    (entry,) = tomllib.loads((tmp_path / "known.toml").read_text())["deviation"]
    assert (entry["case"], entry["operation"]) == ("errors.invalid-json", "chat")
    assert inside(*picked, "--baseline", "known.toml").code == 1, "a placeholder is no reason"
    known = (tmp_path / "known.toml").read_text()
    (tmp_path / "known.toml").write_text(known.replace(entry["reason"], "invalid JSON is answered 200 before 2.0"))

    listed = inside(*picked, "--baseline", "known.toml", "--json", "r.json")
    assert (listed.code, cli.report(tmp_path / "r.json")["cases"][0]["baseline"]) == (0, "listed")

    (tmp_path / "hopcheck-baseline.toml").write_text((tmp_path / "known.toml").read_text())
    assert inside(*picked).code == 0
    (tmp_path / "hopcheck-baseline.toml").unlink()

    (tmp_path / "stale.toml").write_text(
        f"[[deviation]]\ncase = '{entry['case']}'\nchecks = {entry['checks'] + ['not made']}\nreason = 'since 1.2'\n"
    )
    stale = inside(*picked, "--baseline", "stale.toml")
    assert stale.code == 1
    assert "remove it" in stale.out

    (tmp_path / "odd.toml").write_text("[[deviation]]\ncase = 'no.such-case'\nchecks = ['a']\nreason = 'x'\n")
    unmatched = inside(*picked, "--baseline", "odd.toml")
    assert unmatched.code == 1
    assert 'there is no case "no.such-case"' in unmatched.out


HOSTILE = {
    "conftest.py": "raise RuntimeError('conftest')\n",
    "pytest.ini": "[pytest\nbroken",
    "contracts/__init__.py": "raise RuntimeError('contracts')\n",
    "conformance/__init__.py": "raise RuntimeError('conformance')\n",
    "load/__init__.py": "raise RuntimeError('load')\n",
    "reference_server/__init__.py": "raise RuntimeError('reference_server')\n",
    "tests/__init__.py": "raise RuntimeError('tests')\n",
}


def test_it_runs_inside_of_any_repository(cli, relay, tmp_path: Path) -> None:
    for name, text in HOSTILE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    env = {"PYTEST_ADDOPTS": "--nonsense -p no:such"}
    judging = cli.begin(*relay.words, "--select", "chat.*", cwd=tmp_path, **env)
    testing = cli.begin("selftest", "chat.schema", "--processes", "1", cwd=tmp_path, **env)
    gated, tested = cli.finish(judging), cli.finish(testing)
    assert gated.code == 0, gated.out + gated.err
    assert tested.code == 0, tested.out + tested.err
