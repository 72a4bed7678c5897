"""`hopcheck drift`: its reports, its exit codes, and a release that is recorded for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cassette_samples as samples
from drift_samples import OLD, answered, cassette, framed

from hopcheck.cassettes import RecordedVerdict, save
from hopcheck.cli import main


def sets(folder, after):
    """Two folders of cassettes on disk."""
    for name, provenance, one in (("a", OLD, answered()), ("b", samples.MADE, after)):
        save(
            cassette(framed(one), provenance=provenance, verdict=RecordedVerdict("conforms", {"text": True})),
            folder / name,
        )
    return str(folder / "a"), str(folder / "b")


def test_the_command(tmp_path, capsys):
    folders = sets(tmp_path, answered(model="<b>other</b>"))
    files = {kind: tmp_path / f"drift.{kind}" for kind in ("json", "markdown", "html")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    assert main(["drift", *folders, *options]) == 0
    printed = capsys.readouterr().out
    assert "LiteLLM 1.80.0 → LiteLLM 1.106.2: 1 change in 1 of 1 cases" in printed
    assert "body model" in printed
    assert json.loads(files["json"].read_text())["groups"][0]["ways"] == [["fake-model", "<b>other</b>"]]
    assert "<code>fake-model</code> → <code>&lt;b&gt;other&lt;/b&gt;</code>" in files["markdown"].read_text()
    assert "&lt;b&gt;other&lt;/b&gt;" in files["html"].read_text()
    assert main(["drift", *folders, "--strict"]) == 1


def test_a_finding_that_holds_no_more_is_exit_code_1(tmp_path, capsys):
    folders = sets(tmp_path, answered())
    assert main(["drift", *folders, "--strict"]) == 0
    assert "does the same as" in capsys.readouterr().out
    save(cassette(framed(answered()), verdict=RecordedVerdict("deviates", {"text": False})), tmp_path / "b")
    assert main(["drift", *folders]) == 1


def test_folders_that_cannot_be_compared(tmp_path, capsys):
    one, other = sets(tmp_path, answered())
    assert main(["drift", one, str(tmp_path / "none")]) == 2
    assert "there are no cassettes in" in capsys.readouterr().err
    save(replace(cassette(), case="chat.two"), tmp_path / "c")
    assert main(["drift", one, str(tmp_path / "c")]) == 2
    assert "have no case in common" in capsys.readouterr().err
    assert main(["drift", one, other, "--html", f"{one}/chat.one.yaml/page.html"]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert main(["drift", one, other, "--html", one]) == 4
    assert "can't be written: Is a directory" in capsys.readouterr().err
    assert main(["drift", one, other, "--select", "stream.*"]) == 2
    assert main(["drift", one]) == main(["drift", one, other, "--litellm", "1.106.2"]) == 2
    assert "name a second folder of cassettes, or a release with --litellm" in capsys.readouterr().err


def test_a_release_that_is_recorded_and_compared(tmp_path, capsys, monkeypatch):
    one, _ = sets(tmp_path, answered())

    def record(folder, litellm, exclude_newer, cases):
        assert (litellm, list(cases)) == ("9.9.9", [""])
        assert {case.profile for case in cases[""]} == {"chat"}
        save(cassette(framed(answered(model="new"))), folder)
        return 0

    monkeypatch.setattr("hopcheck.cli.record.record", record)
    assert main(["drift", one, "--litellm", "9.9.9", "--select", "chat.*"]) == 0
    assert "body model" in capsys.readouterr().out
    monkeypatch.setattr("hopcheck.cli.record.record", lambda *given: 130)
    assert main(["drift", one, "--litellm", "9.9.9"]) == 130


def test_what_was_recorded_of_providers_is_recorded_again(tmp_path, monkeypatch):
    one, _ = sets(tmp_path, answered())
    save(replace(cassette(), case="chat.schema", operation="chat", provider="gemini"), Path(one))
    asked = []
    monkeypatch.setattr("hopcheck.cli.record.record", lambda *given: asked.append(given[-1]) or 130)
    assert main(["drift", one, "--litellm", "9.9.9", "--select", "chat.*"]) == 130
    ((own, behind),) = [cases.values() for cases in asked]
    assert len(own) > 10
    assert [case.key for case in behind] == ["chat.schema[chat]"]


def test_a_difference_within_a_long_text_is_shown(capsys, tmp_path):
    before, after = (cassette(framed(answered(model=f"{'m' * 400}{word}{'m' * 400}"))) for word in ("old", "NEW"))
    save(before, tmp_path / "a")
    save(after, tmp_path / "b")
    folders = str(tmp_path / "a"), str(tmp_path / "b")
    assert main(["drift", *folders, "--html", str(tmp_path / "drift.html")]) == 0
    printed = capsys.readouterr().out
    assert "mNEWm" in printed.replace("\n", "").replace(" ", "")
    assert "NEW" in (tmp_path / "drift.html").read_text()
