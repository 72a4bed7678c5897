"""A recording session: starts the whole chain with a tee in it, runs the preflight, and records the cases."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hopcheck import __version__
from hopcheck.authoring.case import Case
from hopcheck.cassettes.canonical import PREFLIGHT
from hopcheck.cassettes.model import Provenance, cassette_name
from hopcheck.cassettes.recording.journal_keeper import JournalKeeper
from hopcheck.cassettes.recording.recorder import (
    ORIGIN,
    RecordedTurn,
    Recorder,
    RecordingResult,
    RecordingSettings,
    turns,
)
from hopcheck.cassettes.recording.wiretap import Wiretap, tapped
from hopcheck.cassettes.store import path_of, write_live_only
from hopcheck.client import load_sdk
from hopcheck.client.providers.nonces import fixed_nonces
from hopcheck.engine.context import RunContext
from hopcheck.engine.verdict import Verdict
from hopcheck.gate.preflight import PREFLIGHT_TIMEOUT_S, examine
from hopcheck.gate.target_file import packaged_target
from hopcheck_contracts.documents import document
from hopcheck_server.chain import Stack
from hopcheck_server.chain.litellm import LiteLLMEnvironment
from hopcheck_server.chain.processes import Progress
from hopcheck_server.wire.tasks import unless


@dataclass(frozen=True, kw_only=True)
class RecordingSession:
    """Records cases with a real LiteLLM.

    Attributes:
        cases: The cases to record, by the provider whose models they ask; "" for the target's own.
        folder: Where the cassettes go.
        upstream_command: Starts an upstream that knows the cases' scripts.
        litellm: LiteLLM's version.
        exclude_newer: An ISO date for its dependencies, or None for those of today.
        progress: Called with what is being waited for.
        began: Called with the key of each case that begins.
        ended: Called with its verdict.
    """

    cases: Mapping[str, Sequence[Case]]
    folder: Path
    upstream_command: Sequence[str | Path]
    litellm: str
    exclude_newer: str | None
    progress: Progress
    began: Callable[[str], None]
    ended: Callable[[Verdict], None]
    _tap: list[Wiretap] = field(default_factory=list)

    async def run(self, stopped: asyncio.Event) -> tuple[RecordingResult, bool]:
        """Record; returns the result, and whether all cases were run.

        Raises:
            ProcessError: A server couldn't be started.
            Unfit: The chain fails the preflight.
        """
        recorded = RecordingResult()
        try:
            finished = await unless(stopped, self._run(recorded))
        finally:
            write_live_only(self.folder, recorded.live_only, recorded.saved)
        return recorded, bool(finished)

    async def _run(self, recorded: RecordingResult) -> bool:
        """Record with one chain after another, as long as each records some of the cases that are left."""
        load_sdk()
        left = [turn for provider, cases in self.cases.items() for turn in turns(cases, provider)]
        while left:
            before, left = len(left), await self._with_a_chain(left, recorded)
            if len(left) == before:
                break
        return True

    async def _with_a_chain(self, cases: Sequence[RecordedTurn], recorded: RecordingResult) -> list[RecordedTurn]:
        environment = await LiteLLMEnvironment.ensure(
            self.litellm, exclude_newer=self.exclude_newer, progress=self.progress
        )
        with tempfile.TemporaryDirectory(prefix="hopcheck-record-") as work_dir:
            async with self._chain(Path(work_dir)) as stack:
                control = JournalKeeper(stack.upstream.url)
                try:
                    recorder = self._recorder(stack, environment, control, recorded)
                    for provider in self._asked_first():
                        preflight = examine(recorder.context_of(provider), PREFLIGHT_TIMEOUT_S)
                        await recorder.record_preflight(preflight, provider)
                    return await recorder.record(cases, self.began, self.ended)
                finally:
                    await control.aclose()

    def _asked_first(self) -> list[str]:
        """The providers whose models a preflight asks: a replay asks the target's own model, too, before any other."""
        own = path_of(self.folder, cassette_name(PREFLIGHT, "chat"))
        return list(self.cases) if own.exists() else list(dict.fromkeys(["", *self.cases]))

    @asynccontextmanager
    async def _chain(self, work_dir: Path) -> AsyncIterator[Stack]:
        chain = Stack.start(
            work_dir=work_dir,
            upstream_command=self.upstream_command,
            litellm_version=self.litellm,
            exclude_newer=self.exclude_newer,
            wire=self._wire,
            progress=self.progress,
        )
        async with chain as stack:
            yield stack

    @asynccontextmanager
    async def _wire(self, url: str) -> AsyncIterator[str]:
        async with tapped(url) as wiretap:
            self._tap.append(wiretap)
            yield f"http://127.0.0.1:{wiretap.pipe.port}"

    def _recorder(
        self, stack: Stack, environment: LiteLLMEnvironment, control: JournalKeeper, recorded: RecordingResult
    ) -> Recorder:
        proxy = stack.proxy
        assert proxy is not None
        assert proxy.process is not None
        log_file = str(proxy.process.log_file.absolute())
        urls = {"base_url": proxy.base_url, "upstream_url": stack.upstream.url, "log_file": log_file}
        config = packaged_target("reference", proxy.key, urls)
        context = RunContext(config, control, upstream_url=stack.upstream.url, nonces=fixed_nonces, pace=None)
        settings = RecordingSettings(
            provenance=provenance(environment, self.exclude_newer or ""),
            folder=self.folder,
            secrets={
                "provider": stack.upstream_key,
                "backup": stack.backup_key,
                "client": stack.litellm.master_key,
                "user": proxy.key,
            },
            places=_places(stack, environment, self._tap[-1]),
        )
        return Recorder(settings, context, control, self._tap[-1], recorded)


def provenance(environment: LiteLLMEnvironment, dependencies: str = "") -> Provenance:
    """The provenance of cassettes that are recorded today with that LiteLLM."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Provenance(
        __version__, today, environment.version, _installed(environment, "openai"), contract(), dependencies
    )


def contract() -> str:
    """The version of the contract with LiteLLM, and a digest of its document."""
    whole = document("litellm")
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    return f"{whole['info']['version']} ({digest[:12]})"


def _installed(environment: LiteLLMEnvironment, package: str) -> str:
    found = environment.path.glob(f"lib/python*/site-packages/{package}-*.dist-info")
    return next((path.name.removesuffix(".dist-info").partition("-")[2] for path in found), "")


def _places(stack: Stack, environment: LiteLLMEnvironment, wiretap: Wiretap) -> dict[str, str]:
    """Addresses and folders that differ between machines, with their replacements on cassettes."""
    return {
        f"127.0.0.1:{wiretap.pipe.port}": ORIGIN.removeprefix("http://"),
        f"127.0.0.1:{stack.litellm.port}": ORIGIN.removeprefix("http://"),
        f"127.0.0.1:{stack.upstream.port}": "127.0.0.1:9100",
        str(stack.litellm.log_file.parent): "/work",
        str(environment.path): "/litellm",
        str(Path.home()): "/home",
    }
