"""The survey: which runs it makes, by which words, and what it makes of their reports."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil

import psutil
import pytest

from hopcheck_load.cli import arguments, open_loop_arguments
from hopcheck_load.report import document as report
from tools.survey import __main__ as survey
from tools.survey import hops, runs, tables
from tools.survey.hops import BOTH, LITELLM, NAMES, NGINX, RELAY, Chain, Hop

CHAIN = Chain(
    "http://127.0.0.1:9100",
    {name: Hop(name, f"http://127.0.0.1:{4000 + at}/v1", name, f"key-{name}", 77) for at, name in enumerate(NAMES)},
)
KEPT = {"command": "the command", "hops": {"hop": "a hop, 1.0"}, "left_out": {}, "missing": {}}


def parsed(run, folder):
    parser = argparse.ArgumentParser()
    arguments.add_arguments(parser)
    return parser.parse_args(runs.command(run, CHAIN, folder))


def test_every_run_is_something_that_the_command_takes(tmp_path):
    keys = {runs.variable(hop): hop.key for hop in CHAIN.hops.values()}
    plan = runs.planned(NAMES, runs.PARTS, 1.0, {})
    for run in plan:
        parsed_run = parsed(run, tmp_path)
        base = arguments.plan(parsed_run, "", keys)
        assert [hop.name for hop in base.hops] == list(run.hops)
        assert all(hop.key == f"key-{hop.name}" for hop in base.hops)
        loaded = open_loop_arguments.open_loop_plan(parsed_run, base)
        assert (loaded is None) == (run.part == "rest")
        assert loaded is None or (loaded.profile, loaded.duration_s) == (run.part, run.seconds)
    assert len({run.stem for run in plan}) == len(plan)
    assert sum(run.seconds + runs.OVERHEAD_S for run in plan) < 12 * 60


def test_quick_and_slow_hops_are_not_measured_in_the_same_rounds():
    plan = runs.planned(NAMES, ["rest"], 1.0, {})
    assert [run.hops for run in plan] == [("nginx", "envoy", "relay", "reference"), ("litellm", "reference+litellm")]


def test_a_hops_rates_change_with_its_highest():
    usual = {run.part: run.words[1] for run in runs.planned([LITELLM], ["steps", "fleet"], 1.0, {})}
    twice = {run.part: run.words[1] for run in runs.planned([LITELLM], ["steps", "fleet"], 1.0, {LITELLM: 160})}
    assert usual == {"steps": "80", "fleet": "4"}
    assert twice == {"steps": "160", "fleet": "8"}


def test_litellm_is_watched_where_it_stands_behind(tmp_path):
    (run,) = runs.planned([BOTH], ["steps"], 1.0, {})
    assert parsed(run, tmp_path).pid == ["litellm-behind=77"]


def test_runs_without_the_hops_that_are_missing():
    there = Chain("http://127.0.0.1:9100", {RELAY: CHAIN.hops[RELAY]})
    left = runs.possible(runs.planned(NAMES, runs.PARTS, 1.0, {}), there)
    assert {run.hops for run in left} == {(RELAY,)}
    assert {run.part for run in left} == {"rest", "steps", "fleet"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--hops", "nginx,traefik"], "'traefik' is none of nginx, envoy"),
        (["--parts", "soak"], "'soak' is none of rest, steps"),
        (["--times", "0"], "--times must be more than 0"),
        (["--rate", "litellm=fast"], "one looks like litellm=60"),
        (["--from", "nowhere"], "nowhere holds no survey"),
    ],
)
def test_usage_errors(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert survey.main(words) == 2
    assert sentence in capsys.readouterr().err


def test_nginx_gets_a_port_and_the_provider():
    config = hops.nginx_config(4321, "http://127.0.0.1:1234")
    assert "listen 127.0.0.1:4321;" in config
    assert "server 127.0.0.1:1234;" in config
    assert hops.LISTENS not in config.partition("worker_processes")[2]
    assert hops.PASSES_TO not in config.partition("worker_processes")[2]


def test_what_is_not_installed_is_left_out_aloud(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    async def start():
        async with hops.chain([NGINX, RELAY], tmp_path, lambda _: None) as made:
            pid = made.hops[RELAY].pid
            assert psutil.pid_exists(pid)
        return made, pid

    made, pid = asyncio.run(start())
    assert made.left_out == {NGINX: "nginx isn't installed here"}
    assert list(made.hops) == [RELAY]
    assert not psutil.pid_exists(pid)


def test_tables_of_reports(few_draws, made):
    rest = report.build(made.chats(100, {"hop": 0.5}))
    late = made.loaded("steps", rate=200.0, duration_s=9.0, late_ms=lambda at: 30.0 if at > 600 else 0)
    reports = [("rest", rest), ("steps", report.build(late)), ("spike", report.build(made.loaded("spike", rate=50.0)))]
    missing = dict.fromkeys(("steps-relay", "fleet-relay"), "interrupted")
    text = tables.markdown({**KEPT, "left_out": {"nginx": "nginx isn't installed here"}, "missing": missing}, reports)
    assert "| hop | +0.50" in text
    assert "Left out: nginx: nginx isn't installed here." in text
    assert "Left out: steps-relay, fleet-relay: interrupted." in text
    lines = text.splitlines()
    rates = [line for line in lines if line.startswith("| hop | ") and " of " in line]
    assert [line.split(" | ")[1] for line in rates[:6]] == ["20", "50", "100", "150", "180", "200"]
    assert float(rates[0].split("+")[1].split()[0]) == pytest.approx(1.0, abs=0.05)
    assert "invalid" not in rates[0]
    assert "**invalid**: the generator was late" in rates[5]
    assert [line.split(" | ")[1] for line in rates[6:]] == ["50 (before)", "200 (spike)", "50 (after)"]
    assert "hop recovered" in text
    widths = {line.count("|") for line in rates}
    assert widths == {lines[lines.index(rates[0]) - 2].count("|")}


def test_a_table_of_streams(few_draws, made):
    measurement = made.loaded("fleet", rate=20.0, duration_s=10.0)
    for record in measurement.records:
        lag = 0.4 if record.arm == "hop" else 0.1
        record.timeline = made.streamed(0, record.arm, lambda place, lag=lag: lag).timeline
        shift = record.due_ns - record.timeline.stamp_ns[0]
        for column in (record.timeline.stamp_ns, record.timeline.read_ns):
            column[:] = [at + shift for at in column]
    text = tables.markdown(KEPT, [("fleet", report.build(measurement))])
    (row,) = [line for line in text.splitlines() if line.startswith("| hop | 50 |")]
    assert "+0.300 ms" in row


def test_a_survey_of_nothing():
    assert tables.markdown(KEPT, []) == "Nothing was measured.\n"


@pytest.mark.locust
def test_a_survey(tmp_path, capsys):
    words = ["--hops", "relay", "--parts", "rest,fleet", "--times", "0.05", "--output", str(tmp_path)]
    before = {one.pid for one in psutil.Process(os.getpid()).children(recursive=True)}
    assert survey.main(words) == 0
    kept = json.loads((tmp_path / "survey.json").read_text())
    assert kept["runs"] == [["rest", "rest-relay"], ["fleet", "fleet-relay"]]
    for _, stem in kept["runs"]:
        assert report.violations(json.loads((tmp_path / f"{stem}.json").read_text())) == []
    page = (tmp_path / "survey.md").read_text()
    assert page in capsys.readouterr().out
    assert "| relay | 100 |" in page
    assert {one.pid for one in psutil.Process(os.getpid()).children(recursive=True)} == before
    assert survey.main(["--from", str(tmp_path)]) == 0
    assert page in capsys.readouterr().out


@pytest.mark.locust
def test_a_run_without_a_report_says_why(tmp_path):
    run = runs.SurveyRun("rest", (RELAY,), 1.0, ("--measure", "x"))
    why = asyncio.run(runs.carry_out(run, CHAIN, tmp_path, asyncio.Event()))
    assert "'x' is no workload" in why
