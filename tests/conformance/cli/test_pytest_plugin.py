"""The cases among one's own tests, in test runs of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from hopcheck import DONE, Events, Relay, edits
from hopcheck import pytest_plugin as under_test
from hopcheck.client import load_sdk
from hopcheck.gate.catalogue import all_cases
from hopcheck_server.chain.processes import free_port
from hopcheck_server.relay import RelayConfig, RelayServer

pytest_plugins = ["pytester"]

PLUGIN = ("-p", under_test.__name__, "-p", "no:cacheprovider")

# A run within this process forgets the modules that it has imported, and cases can be registered only once.
all_cases()
load_sdk()

OWN = "def test_of_ones_own():\n    assert True\n"
BASELINE = '[[deviation]]\ncase = "stream.done-once"\nchecks = ["{}"]\nreason = "since 1.2"\n'
CAUSE = '[[deviation]]\ncheck = "stream-grammar"\ncomplaint = "[DONE] comes more than once"\nreason = "since 1.2"\n'


class SaysDoneTwice(Relay):
    """The end of the stream is announced twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield DONE


class LosesCreated(Relay):
    """The chunks of a stream have no time."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(created=None))


class Served:
    """Relays on a port, in a thread, with an upstream to come."""

    def __init__(self, relay: type[Relay]) -> None:
        self.upstream_port = free_port()
        self.key = ""
        self.url = ""
        self._relay = relay
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        config = RelayConfig(upstream=f"http://127.0.0.1:{self.upstream_port}/v1")
        server = await RelayServer({"relay": self._relay(config)}).start()
        self.key, self.url = config.client_keys[0], server.base_url("relay")
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._done.wait()
        await server.aclose()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)


@pytest.fixture
def serve() -> Iterator[Callable[[type[Relay]], Served]]:
    served: list[Served] = []

    def begin(relay: type[Relay]) -> Served:
        served.append(Served(relay))
        return served[-1]

    yield begin
    for one in served:
        one.close()


@pytest.fixture(autouse=True)
def _with_no_other_plugin(monkeypatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a run takes a tenth of the time


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest with a test of its own and a few cases."""
    pytester.makepyfile(OWN)

    def judge(served: Served, *options: str):
        monkeypatch.setenv("KEY", served.key)
        words = ["--hopcheck-url", served.url, "--hopcheck-api-key-env", "KEY"]
        words += ["--hopcheck-upstream-port", str(served.upstream_port), "--hopcheck-select", "stream.done-*"]
        return pytester.runpytest_inprocess(*PLUGIN, *words, *options)

    return judge


def test_each_case_is_a_test_next_to_the_users_own(run, serve) -> None:
    served = serve(Relay)
    result = run(served, "--hopcheck-select", "fallback.taken", "-v", "-rs")
    result.assert_outcomes(passed=4, skipped=6)
    result.stdout.fnmatch_lines(["*test_of_ones_own PASSED*", "*stream.done-once[[]chat.stream] PASSED*"])
    reasons = [f"SKIPPED [[]2] * the target does not declare `{feature}`" for feature in ("fallback", "messages")]
    result.stdout.fnmatch_lines(reasons)


def test_what_fails_says_what_the_gate_says_and_no_secret(run, serve) -> None:
    served = serve(SaysDoneTwice)
    result = run(served)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*hopcheck: stream.done-once*",
            "one [[]DONE[]]: expected [[]1, 1, 1[]], got [[]2, 2, 2[]]",
            "MUST The stream's last event is `[[]DONE[]]`, sent exactly once, and the answer ends with it.",
        ]
    )
    assert served.key not in result.stdout.str()


def test_a_cause_fails_a_test_of_its_own(run, serve) -> None:
    result = run(serve(LosesCreated))
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*hopcheck: causes*",
            "C1 MUST correctness: Stream events * created: expected an integer, not null.",
            "* times, on chat.stream; met by 2 cases.",
        ]
    )


def test_only_what_pytest_selects_is_asked(run, serve) -> None:
    result = run(serve(SaysDoneTwice), "-k", "missing")
    result.assert_outcomes(passed=1, deselected=3)


def test_known_deviations_xfail_and_stale_ones_fail(run, serve, tmp_path) -> None:
    served, baseline = serve(SaysDoneTwice), tmp_path / "b.toml"
    baseline.write_text(BASELINE.format("one [DONE]") + CAUSE)
    result = run(served, "--hopcheck-baseline", str(baseline), "-rx")
    result.assert_outcomes(passed=4, xfailed=1)
    result.stdout.fnmatch_lines(["XFAIL *stream.done-once* since 1.2"])
    baseline.write_text(BASELINE.format("ended as framed") + CAUSE)
    result = run(served, "--hopcheck-baseline", str(baseline))
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        ['*stream.done-once[[]chat.stream] is listed for "ended as framed", which holds now: remove it.']
    )


def test_a_missing_target_fails_once_and_skips_the_rest(run, serve) -> None:
    served = serve(Relay)
    served.url = f"http://127.0.0.1:{free_port()}/v1"
    result = run(served)
    result.assert_outcomes(passed=1, failed=1, skipped=2)
    result.stdout.fnmatch_lines(["Nothing answers at *"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--hopcheck-select", "nothing.*", "--hopcheck-url", "http://h/v1"], "*no case matches*"),
        (["--hopcheck-url", "h:1"], "*must begin with http://*"),
        (["--hopcheck-url", "http://h/v1", "--hopcheck-jobs", "many"], "*--hopcheck-jobs: invalid int value: 'many'*"),
    ],
)
def test_a_mistake_is_one_sentence(pytester, options: list[str], sentence: str) -> None:
    result = pytester.runpytest_inprocess(*PLUGIN, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {sentence}"])


def test_without_a_target_nothing_is_added(pytester) -> None:
    pytester.makepyfile(OWN)
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=1)
