"""The self-test of fuzzing: `python -m hopcheck.selftest.fuzz_search`.

Each mutant is searched until one request kills it; the healthy relay and the honest relays are searched, too, and no
check may fail there. With `--naive FILE` a proxy that is started by that file is searched as
well. Exits with 1 if something isn't found, isn't small, or is found where nothing is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hopcheck.engine.context import RunContext
from hopcheck.fuzz import operations
from hopcheck.fuzz.example import raw_body
from hopcheck.fuzz.operations import FuzzedOperation
from hopcheck.fuzz.player import with_marker
from hopcheck.fuzz.search import FailingExample, SearchBounds, SearchResult
from hopcheck.fuzz.target_search import search_target
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.relay_host import RelayHost, relay_target
from hopcheck_server.chain import serve
from hopcheck_server.chain.processes import free_port
from hopcheck_server.exits import DOES_NOT_HOLD, HOLDS
from hopcheck_server.relay import Relay
from hopcheck_server.relay.honest import HONEST_RELAYS
from hopcheck_server.upstream.script.marker import Marker

MAX_REQUEST_BYTES = 400
"""The size of the request to which a failing one is shrunk, at most."""

CHAT, REFUSALS, ROUTES, EMBEDDINGS = (
    operations.CHAT,
    operations.CHAT_REFUSALS,
    operations.ROUTES,
    operations.EMBEDDINGS,
)

MUTANTS: Mapping[str, FuzzedOperation] = {
    "chat.content-exact:Strips": CHAT,
    "chat.content-null:SaysNothingInText": CHAT,
    "chat.content-null:LeavesOutNull": CHAT,
    "chat.finish-reason:AlwaysStops": CHAT,
    "chat.n-choices:FirstChoiceOnly": CHAT,
    "chat.usage-exact:DropsUsage": CHAT,
    "chat.logprobs:DropsLogprobs": CHAT,
    "requests.messages-verbatim:DropsNames": CHAT,
    "requests.sampling-params:ZeroIsNothing": CHAT,
    "requests.drop-params-declared:DropsUndeclared": CHAT,
    "requests.sampling-params:ClampsTopP": CHAT,
    "requests.response-format:ForgetsTheSchema": CHAT,
    "stream.done-once:SaysDoneTwice": CHAT,
    "stream.role-first:NeverSaysWho": CHAT,
    "stream.same-id:FreshIds": CHAT,
    "stream.usage-chunk:LosesUsage": CHAT,
    "tools.call-nonstream:OneCall": CHAT,
    "errors.missing-fields:AnswersEmptyMessages": REFUSALS,
    "errors.missing-fields:CrashesWithoutMessages": REFUSALS,
    "errors.content-type:ReadsAnything": ROUTES,
    "errors.method-not-allowed:SaysDetail": ROUTES,
    "embeddings.batch-order:WantsTexts": EMBEDDINGS,
    "embeddings.float:Rounds": EMBEDDINGS,
}
"""Mutants of cases, `<case id>:<class>`, each with the operation that is searched."""


@dataclass(frozen=True)
class SearchRow:
    """One line of the table: a relay, and what its search found."""

    name: str
    result: SearchResult
    honest: bool

    @property
    def smallest(self) -> FailingExample | None:
        """The smallest of what was found."""
        found = self.result.found.values()
        return min(found, key=lambda one: one.example.size, default=None)

    @property
    def request_bytes(self) -> int:
        """Bytes of its body, marker included."""
        assert self.smallest is not None
        example = self.smallest.example
        return len(raw_body(with_marker(example, str(Marker.make(example.operation, "chat", "0123456789a")))))

    @property
    def holds(self) -> bool:
        """Whether a mutant was killed by a small request, or an honest relay has no failure."""
        if self.honest:
            return self.smallest is None
        return self.smallest is not None and self.request_bytes < MAX_REQUEST_BYTES

    def __str__(self) -> str:
        """The line."""
        mark = "✓" if self.holds else "✗"
        if self.smallest is None:
            return f"{mark} {self.name:<44} {'nothing':<58} {self.result.made:>8}"
        failure = f"{self.smallest.example.operation}: {self.smallest.finding.check}"
        return f"{mark} {self.name:<44} {failure:<58} {self.result.made:>8} {self.request_bytes:>9}"


def main(argv: Sequence[str] | None = None) -> int:
    """Search, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m hopcheck.selftest.fuzz_search", description=__doc__)
    parser.add_argument("--examples", type=int, default=400, metavar="N", help="until something is found, at most")
    parser.add_argument(
        "--honest", type=int, default=40, metavar="N", help="on each honest relay (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--naive", type=Path, metavar="FILE", help="a proxy like examples/naive_proxy/app.py")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only these lines")
    return asyncio.run(_run(parser.parse_args(argv)))


async def _run(arguments: argparse.Namespace) -> int:
    print(f"  {'proxy':<44} {'failed check':<58} {'examples':>8} {'bytes':>9}", flush=True)
    rows = []
    async for row in _rows(arguments):
        print(row, flush=True)
        rows.append(row)
    found = sum(row.holds for row in rows if not row.honest)
    false_positives = sum(not row.holds for row in rows if row.honest)
    wrong = sum(not row.honest for row in rows)
    print(
        f"{found} of {wrong} killed, each by less than {MAX_REQUEST_BYTES} bytes; "
        f"{false_positives} false positives on {len(rows) - wrong} honest relays"
    )
    return HOLDS if rows and all(row.holds for row in rows) else DOES_NOT_HOLD


async def _rows(arguments: argparse.Namespace) -> AsyncIterator[SearchRow]:
    relays = {**_wrong(), **_honest()}
    chosen = {name: relay for name, relay in relays.items() if not arguments.only or name in arguments.only}
    named = {f"relay{place}": name for place, name in enumerate(chosen)}  # names for URLs
    async with RelayHost({slug: chosen[name] for slug, name in named.items()}, []) as bench:
        for slug, name in named.items():
            yield await _row(name, bench.context(slug), arguments)
        if arguments.naive:
            async with _naive(arguments.naive, bench) as context:
                wanted = SearchBounds(arguments.examples, arguments.seed, first_only=True)
                yield SearchRow("the naive proxy", await _searched(CHAT, context, wanted), honest=False)


def _wrong() -> dict[str, type[Relay]]:
    known = {f"{case.id}:{one.name}": one.relay for case in all_cases().values() for one in case.mutants}
    return {name: known[name] for name in MUTANTS}


def _honest() -> dict[str, type[Relay]]:
    return {"the healthy relay": Relay, **{f"honest: {relay.__name__}": relay for relay in HONEST_RELAYS}}


async def _row(name: str, context: RunContext, arguments: argparse.Namespace) -> SearchRow:
    operation = MUTANTS.get(name)
    if operation is not None:
        bounds = SearchBounds(arguments.examples, arguments.seed, first_only=True)
        return SearchRow(name, await _searched(operation, context, bounds), honest=False)
    result = SearchResult()
    for one in operations.OPERATIONS.values():
        part = await _searched(one, context, SearchBounds(max(1, round(arguments.honest * one.share)), arguments.seed))
        result.made += part.made
        result.found |= {f"{one.id} {check}": found for check, found in part.found.items()}
    return SearchRow(name, result, honest=True)


async def _searched(operation: FuzzedOperation, context: RunContext, bounds: SearchBounds) -> SearchResult:
    result = await search_target(
        operation,
        replace(context, read_timeout_s=5.0),
        (context.config.api_key,),
        bounds,
        asyncio.Event(),
        lambda _: None,
    )
    if result.error is not None and not result.found:
        raise result.error
    return result


@contextlib.asynccontextmanager
async def _naive(file: Path, bench: RelayHost) -> AsyncIterator[RunContext]:
    """A proxy of another's, as a child process in front of the bench's upstream."""
    key, port = "sk-naive-client", free_port()
    env = {
        "NAIVE_UPSTREAM_URL": f"{bench.upstream.url}/v1",
        "NAIVE_UPSTREAM_KEY": "sk-naive-upstream",
        "NAIVE_API_KEY": key,
    }
    with tempfile.TemporaryDirectory(prefix="hopcheck-") as folder:
        command = [sys.executable, str(file), "--port", str(port)]
        log = Path(folder) / "naive.log"
        async with serve(command, name="the naive proxy", log_file=log, env=env):
            config = relay_target("naive", f"http://127.0.0.1:{port}/v1", bench.config)
            yield RunContext(replace(config, api_key=key), bench.control)


if __name__ == "__main__":
    sys.exit(main())
