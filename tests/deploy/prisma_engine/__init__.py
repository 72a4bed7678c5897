"""LiteLLM's client of its database, for tests: Prisma's for Python, with an engine that needs no download.

Prisma's native engine comes from a host of its own. `query-engine` takes its place: the same engine as WebAssembly, out
of npm's packages, whose versions are locked here. The client is generated into a copy, so the environment of LiteLLM,
which other tests share, stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from hopcheck_server.chain.litellm.environment import LiteLLMEnvironment

SOURCES = ("package.json", "package-lock.json", "protocol.js", "query-engine")
PROGRAMS = ("node", "npm", "psql", "setpriv")


class EngineUnavailable(Exception):
    """The engine can't be had, because npm's registry can't be reached."""


def make_client(litellm: LiteLLMEnvironment, work_dir: Path) -> dict[str, str]:
    """Install the engine and generate the client; the environment variables with which LiteLLM uses them.

    Raises:
        EngineUnavailable: npm couldn't install it.
    """
    engine, packages = work_dir / "engine", work_dir / "packages"
    engine.mkdir()
    for name in SOURCES:
        shutil.copy(Path(__file__).with_name(name), engine)
    _install(engine)
    shutil.copytree(_site_packages(litellm) / "prisma", packages / "prisma")
    variables = {
        "PATH": f"{litellm.python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(packages),
        "PRISMA_QUERY_ENGINE_BINARY": str(engine / "query-engine"),
        "PRISMA_SCHEMA_ENGINE_BINARY": str(engine / "query-engine"),
        "PRISMA_CLI_QUERY_ENGINE_TYPE": "binary",
    }
    schema = shutil.copy(_site_packages(litellm) / "litellm/proxy/schema.prisma", work_dir)
    generate = ["node", engine / "node_modules/prisma/build/index.js", "generate", "--schema", schema]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **variables}, cwd=work_dir)
    # Else each process of LiteLLM compiles it: some megabytes.
    subprocess.run([litellm.python, "-m", "compileall", "-q", packages], check=True)
    # LiteLLM would migrate with Prisma's other engine, which isn't there either.
    return {**variables, "DISABLE_SCHEMA_UPDATE": "true"}


def _install(folder: Path) -> None:
    options = ["--ignore-scripts", "--silent", "--prefer-offline", "--fetch-retries=1"]
    if subprocess.run(["npm", "ci", *options, "--prefix", folder], check=False).returncode:
        raise EngineUnavailable("npm can't install the engine's packages here")


def migrate(litellm: LiteLLMEnvironment, url: str) -> None:
    """Take an empty database through LiteLLM's own migrations."""
    folder = _site_packages(litellm) / "litellm_proxy_extras/migrations"
    steps = sorted(folder.glob("*/migration.sql"))
    sql = "\n".join(step.read_text(encoding="utf-8") for step in steps)
    command = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--output", os.devnull, url]
    subprocess.run(command, check=True, input=sql, text=True, stderr=subprocess.DEVNULL)


def _site_packages(litellm: LiteLLMEnvironment) -> Path:
    (found,) = (litellm.path / "lib").glob("python*/site-packages")
    return found
