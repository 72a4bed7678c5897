"""What is held against the truth, and what other tools say: made up, and once for real with few rounds."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from hopcheck_load.measurement.plan import MeasurementResult
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.relay import RelayConfig
from tools.calibrate import __main__ as command
from tools.calibrate import delays, frozen_server, generator_comparison, load_generators, measurements, pauses, rows
from tools.calibrate.servers import hosted

WRK = """\
  Latency Distribution
     50%  412.00us
     75%    1.50ms
     90%    8.00ms
     99%    1.01s
  1000 requests in 4.00s, 1.00MB read
"""


def late(made, name, reported_ms, added_ms):
    """Rounds of a relay that reports `reported_ms(n)` and adds `added_ms(n)` to the 0.3 ms of the one on time."""
    measurement = made.chats(400, {delays.ON_TIME: 0.3, name: 0.3}, spread_ms=0.0)
    for record in measurement.records:
        if record.arm == name:
            record.self_ms = reported_ms(record.round)
            by_ns = round(added_ms(record.round) * made.MS)
            record.done_ns += by_ns
            record.upstream = replace(
                record.upstream,
                received_ns=record.upstream.received_ns + by_ns,
                last_ns=record.upstream.last_ns + by_ns,
            )
    return measurement


def test_a_constant_that_is_measured_as_it_is(made):
    (row,) = rows.constant_rows(late(made, "late-1ms", lambda n: 1.0, lambda n: 1.04), (1.0,))
    assert (row.truth, row.measured, row.holds) == (1.0, pytest.approx(1.04), True)


def test_a_constant_that_is_measured_as_another(made):
    (row,) = rows.constant_rows(late(made, "late-1ms", lambda n: 1.0, lambda n: 1.06), (1.0,))
    assert not row.holds
    assert "**off**" in rows.markdown([row])[-1]


@pytest.mark.parametrize(("factor", "holds"), [(1.0, True), (1.04, True), (1.06, False)])
def test_quantiles_of_a_distribution(made, factor, holds):
    delay = delays.Exponential(RelayConfig(upstream="http://127.0.0.1:1/v1"))
    drawn = [delay.delay_s() * 1e3 for _ in range(400)]
    measurement = late(made, "exponential", lambda n: drawn[n], lambda n: factor * drawn[n])
    found = list(rows.distribution_rows(measurement, ["exponential"]))
    assert [row.holds for row in found] == [holds] * 3


@pytest.mark.parametrize(("relay", "medians"), [(delays.Exponential, 2 * 0.6931), (delays.Bimodal, 2.0)])
def test_every_hundred_delays_have_the_same_quantiles(relay, medians):
    late_by = relay(RelayConfig(upstream="http://127.0.0.1:1/v1"))
    first, second = ([late_by.delay_s() * 1e3 for _ in range(100)] for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second)
    assert (sorted(first)[49] + sorted(first)[50]) / 2 == pytest.approx(medians, rel=0.01)


@pytest.mark.locust  # takes as long as others of that mark, since each delay and pause is real
def test_all_of_it_with_few_rounds(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(measurements, "PAUSE_S", 0.001)
    file = tmp_path / "rows.json"
    command.main(["--rounds", "4", "--json", str(file)])
    printed = capsys.readouterr().out
    written = json.loads(file.read_text())["rows"]
    # So few rounds may be too few for an interval, which then has no width.
    others = [row for row in written if not row["what"].endswith("width of the interval")]
    assert len(others) == 16
    assert printed.count("| holds |") + printed.count("| **off** |") == len(written)
    # How much later than asked a delay ends is the machine's: it may only never end earlier.
    # The nanoseconds that the one on time took to find that it had nothing to wait for are taken off.
    assert all(row["truth"] >= 0.9 * delay for row, delay in zip(others[1:6], delays.CONSTANTS_MS, strict=True))
    assert printed.count("beyond the delay") == 2 * len(measurements.SHOWN_HOT)
    assert printed.count("the relay on time, ") == 2


def test_what_did_not_come_to_its_end_is_not_judged(made, monkeypatch, capsys):
    part = made.chats(3, {"base": 0.3})
    with pytest.raises(KeyboardInterrupt):
        measurements.complete(MeasurementResult(part, interrupted=True))
    with pytest.raises(Stop, match="base failed"):
        measurements.complete(MeasurementResult(part, failure=Stop(UNTESTABLE, "base failed.")))
    assert measurements.complete(MeasurementResult(part)) is part
    for error, code in ((KeyboardInterrupt(), 130), (Stop(UNTESTABLE, "base failed."), 3)):

        def ends(rounds, error=error):
            raise error

        monkeypatch.setattr(command, "calibrate", ends)
        assert command.main([]) == code
    assert capsys.readouterr().err == "hopcheck: interrupted\nhopcheck: base failed.\n"


def test_where_a_pause_shows(made):
    hot = late(made, "late-1ms", lambda n: 1.0, lambda n: 1.25)
    paused = late(made, "late-1ms", lambda n: 1.0, lambda n: 1.0)
    conditions = {"hot": hot, "paused": paused}.items()
    assert [pauses.beyond("late-1ms", name, rows.of(one, "chat")) for name, one in conditions] == [
        "| late-1ms, hot: beyond the delay | 0.2500 | 0.2500 | 0.0000 | 0.0000 |",
        "| late-1ms, paused: beyond the delay | 0.0000 | 0.0000 | 0.0000 | 0.0000 |",
    ]


def test_what_wrk_says():
    assert load_generators.of_wrk(WRK) == {0.5: pytest.approx(0.412), 0.75: 1.5, 0.9: 8.0, 0.99: 1010.0}


def test_what_locust_says():
    entry = {"num_requests": 4, "num_failures": 0, "response_times": {"2": 3, "9": 1}}
    assert load_generators.of_locust([entry], 4.0) == {0.5: 2.0, 0.75: 2.0, 0.9: 9.0, 0.99: 9.0}
    with pytest.raises(Stop, match="1 of 4 requests of Locust failed"):
        load_generators.of_locust([{**entry, "num_failures": 1}], 4.0)
    with pytest.raises(Stop, match="Locust had no answer within 4 s"):
        load_generators.of_locust([], 4.0)


def test_the_truth_about_the_frozen_server():
    assert [frozen_server.truth_ms(one) for one in (0.5, 0.8, 0.9, 0.99)] == pytest.approx([0, 0, 500, 950])


def ours():
    names = ["constant", *(f"{name} p{q}" for name in ("exponential", "bimodal") for q in (50, 90)), "events"]
    return [rows.CalibrationRow(name, 1.0, 1.01, None, None, 0.05) for name in names]


def their_figures(wrk=True):
    names = (delays.ON_TIME, *generator_comparison.HOPS, generator_comparison.DIRECT)
    locust = dict.fromkeys(load_generators.QUANTILES, 2.0)
    through = {
        name: [locust, dict.fromkeys(load_generators.QUANTILES, 1.5 + place) if wrk else {}]
        for place, name in enumerate(names)
    }
    return generator_comparison.Others(
        through, dict.fromkeys((delays.EVENTS_ON_TIME, "late-events"), through[delays.ON_TIME])
    )


def test_the_table_with_other_tools():
    lines = [
        *generator_comparison.table(ours(), their_figures(), 0.1),
        generator_comparison.freeze_row({0.99: 960.0}, {0.99: 5.0}, {0.99: 933.0}),
    ]
    text = generator_comparison.markdown(lines)
    assert text[2] == "| constant | 1.000 | 1.010 | 0.000 | 1.000 |"
    assert text[-3] == "| events | 1.000 | 1.010 | whole stream 0.000 | whole stream 0.000 |"
    assert text[-2] == "| the upstream itself, p50 | — | 0.100 | 2.000 | 5.500 |"
    assert text[-1] == "| frozen 1 s in every 5 s, p99 | 950 | 960 | 5.000 | 933 |"


def test_without_wrk_its_column_is_empty(capsys):
    lines = [
        *generator_comparison.table(ours(), their_figures(wrk=False), 0.1),
        generator_comparison.freeze_row({0.99: 960.0}, {0.99: 5.0}, {}),
    ]
    text = generator_comparison.markdown(lines)
    assert all(line.endswith("| — |") or "whole stream" in line for line in text[2:])
    assert "apt-get install wrk" in capsys.readouterr().err


def test_wrk_is_not_looked_for_elsewhere(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert load_generators.wrk(load_generators.LoadRequest(url="http://127.0.0.1:1/v1", body=b"{}")) is None


def wrk_that(does, tmp_path, monkeypatch):
    """Put a program in wrk's place."""
    program = tmp_path / "wrk"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return load_generators.LoadRequest(url="http://127.0.0.1:1/v1", body=b'{"a": "\\n"}', key="k")


def test_wrk_gets_the_request(tmp_path, monkeypatch):
    asked = wrk_that(f'cat "$6" > {tmp_path}/script; cat <<END\n{WRK}END', tmp_path, monkeypatch)
    assert load_generators.wrk(asked)[0.9] == 8.0
    script = (tmp_path / "script").read_text()
    assert 'wrk.body = "{\\"a\\": \\"\\\\n\\"}"' in script
    assert 'wrk.headers["Authorization"] = "Bearer k"' in script


@pytest.mark.parametrize(
    ("does", "sentence"),
    [
        ("echo '  Non-2xx or 3xx responses: 7'", "not all that wrk asked was answered: .*Non-2xx or 3xx responses: 7"),
        ("echo unable to connect >&2; exit 1", "not all that wrk asked was answered: unable to connect"),
        ("exec sleep 60", "wrk didn't end within 0.2 s"),
    ],
)
def test_wrk_that_fails(does, sentence, tmp_path, monkeypatch):
    if "sleep" in does:
        monkeypatch.setattr(load_generators, "READ_TIMEOUT_S", 0.2)
    with pytest.raises(Stop, match=sentence):
        load_generators.wrk(wrk_that(does, tmp_path, monkeypatch))


@pytest.mark.locust
def test_other_tools_are_asked_as_anybody_would():
    with UpstreamProcess() as provider, measurements.relays(provider.url) as url:
        asked = load_generators.LoadRequest(
            url=f"{url}/late-5ms/v1", body=generator_comparison.body(provider, "chat"), key=measurements.KEY, seconds=6
        )
        found = [load_generators.locust(asked), *([load_generators.wrk(asked)] if shutil.which("wrk") else [])]
        assert all(one[0.5] >= 5.0 for one in found)
        with pytest.raises(Stop, match="of Locust failed"):
            load_generators.locust(replace(asked, key="wrong"))


@pytest.mark.locust
def test_a_freeze_is_seen_by_the_open_loop():
    with hosted("the frozen server", "tools.calibrate.frozen_server") as url:
        asked = load_generators.LoadRequest(url=f"{url}/v1", body=b"{}", seconds=6)
        assert load_generators.open_loop(asked, 50)[0.99] >= 500
