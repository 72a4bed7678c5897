"""A real LiteLLM proxy on a free port, isolated from the user's shell, stopped with everything that it started."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hopcheck_server.chain.litellm.environment import LiteLLMEnvironment
from hopcheck_server.chain.litellm.requirements import DEFAULT_VERSION
from hopcheck_server.chain.processes import ManagedProcess, ProcessError, Progress, free_port, http_status
from hopcheck_server.chain.processes import scrubbed_environment as scrubbed

START_TIMEOUT_S = 180.0
"""A start takes 7 to 20 seconds on two cores, and several times that on a busy machine."""

# LiteLLM doesn't end before its hanging upstream calls do, and those have long timeouts.
_STOP_GRACE_S = 3.0

SETTINGS: Mapping[str, str] = {
    "LITELLM_TELEMETRY": "False",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it tries to fetch prices at every start
    "LITELLM_MODE": "PRODUCTION",  # else it reads a .env file from any folder above
    "PYTHONUNBUFFERED": "1",
    "PYTHONFAULTHANDLER": "1",  # should it crash, its log says where
    # How long it sleeps after each failed attempt, the last one included: by default 0.5 s, doubling, and up to 0.75 s
    # of jitter. How often and in which order it tries doesn't depend on that, but how long a gate takes does.
    "INITIAL_RETRY_DELAY": "0.1",
    "JITTER": "0.05",
}
"""Environment variables of LiteLLM in every run."""


@dataclass(frozen=True)
class LiteLLM:
    """A running LiteLLM.

    Attributes:
        version: Its version.
        port: Its port, on loopback.
        master_key: The only key that it knows.
        process: Its process.
        launch: How it was started.
    """

    version: str
    port: int
    master_key: str = field(repr=False)
    process: ManagedProcess
    launch: "_Launch | None" = field(default=None, repr=False)

    @property
    def python_version(self) -> str:
        """The version of the Python that it runs on."""
        assert self.launch is not None, "this one wasn't started here"
        return self.launch.environment.python_version

    @property
    def url(self) -> str:
        """Its address, without `/v1`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """Its address for clients, with `/v1`."""
        return f"{self.url}/v1"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def log_file(self) -> Path:
        """The file with its output."""
        return self.process.log_file

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        config: Path,
        *,
        log_file: Path,
        env: Mapping[str, str] | None = None,
        version: str = DEFAULT_VERSION,
        exclude_newer: str | None = None,
        workers: int = 1,
        options: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> AsyncIterator["LiteLLM"]:
        """Run LiteLLM with a configuration while the context lasts; it is ready when the context begins.

        Args:
            config: LiteLLM's configuration; its `master_key` should be `os.environ/LITELLM_MASTER_KEY`.
            log_file: The file for its output; the folder is also its working folder and its home.
            env: Environment variables for the configuration. None of our own is passed on.
            version: LiteLLM's version, which is installed first if necessary.
            exclude_newer: An ISO date for the dependencies of an old version.
            workers: How many processes it answers from.
            options: Further arguments of its command.
            progress: Called about once a second with a line about the state.

        Raises:
            ProcessError: It couldn't be installed, or didn't become ready.
        """
        environment = await LiteLLMEnvironment.ensure(version, exclude_newer=exclude_newer, progress=progress)
        launch = _Launch(environment, config, log_file, env or {}, workers, tuple(options), progress)
        async with AsyncExitStack() as stack:
            yield await launch.on_a_free_port(stack)

    @asynccontextmanager
    async def again(self) -> AsyncIterator["LiteLLM"]:
        """Run it once more after its process has ended, on the same port and with the same key (see `start`)."""
        assert self.launch is not None, "this one wasn't started here"
        async with self.launch.on_port(self.port) as litellm:
            yield litellm


@dataclass(frozen=True)
class _Launch:
    environment: LiteLLMEnvironment
    config: Path
    log_file: Path
    env: Mapping[str, str]
    workers: int
    options: tuple[str, ...]
    progress: Progress | None
    master_key: str = field(default_factory=lambda: f"sk-hopcheck-{secrets.token_urlsafe(24)}", repr=False)

    async def on_a_free_port(self, stack: AsyncExitStack) -> LiteLLM:
        """Start it; once more if another process took the free port first."""
        try:
            return await stack.enter_async_context(self.on_port(free_port()))
        except ProcessError as error:
            if "address already in use" not in str(error):
                raise
        return await stack.enter_async_context(self.on_port(free_port()))

    @asynccontextmanager
    async def on_port(self, port: int) -> AsyncIterator[LiteLLM]:
        async with ManagedProcess.start(
            [self.environment.litellm, *self._arguments(port)],
            name=f"LiteLLM {self.environment.version}",
            log_file=self.log_file,
            env=self._environment(),
            cwd=self.log_file.parent,
            grace_s=_STOP_GRACE_S,
        ) as process:
            litellm = LiteLLM(self.environment.version, port, self.master_key, process, self)
            await process.ready(lambda: self._answers(port), timeout_s=START_TIMEOUT_S, progress=self.progress)
            yield litellm

    def _arguments(self, port: int) -> list[str | Path]:
        where: list[str | Path] = ["--config", self.config.absolute(), "--host", "127.0.0.1", "--port", str(port)]
        where += self.options
        # By default a worker that says nothing for 5 s is killed, and on a busy machine a start takes longer than that.
        workers = ["--num_workers", str(self.workers), "--timeout_worker_healthcheck", str(round(START_TIMEOUT_S))]
        return where if self.workers == 1 else [*where, *workers]

    def _environment(self) -> dict[str, str]:
        own = {"LITELLM_MASTER_KEY": self.master_key, "HOME": str(self.log_file.parent.absolute())}
        return scrubbed({**SETTINGS, **own, **self.env})

    async def _answers(self, port: int) -> bool | None:
        """Return True if it is ready, and ours: another server on that port wouldn't accept the key."""
        if await http_status(port, "/health/readiness") != 200:
            return None
        key = {"authorization": f"Bearer {self.master_key}"}
        return True if await http_status(port, "/v1/models", key, timeout_s=10) == 200 else None
