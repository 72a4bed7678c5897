"""Every check of the project: `nox` runs them all, `nox -s tests` one of them."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "types", "build", "tests", "conformance"]

PINS = "constraints-dev.txt"
PACKAGES = (
    "contracts/hopcheck_contracts",
    "reference_server/hopcheck_server",
    "conformance/hopcheck",
    "load/hopcheck_load",
)
DOCKERFILES = ("Dockerfile", "Dockerfile.suite")
COMPOSE = "docker-compose.yml"
MADE_KEYS = {"LITELLM_MASTER_KEY": "sk-for-a-look", "LLM_PROXY__INTERNAL_API_KEY": "sk-for-a-look"}
ELSEWHERE = "litellm or locust or whole_gate"
"""The marks of the tests that the conformance session runs."""
FORMATTED = ("contracts", "reference_server", "conformance", "load", "tools", "tests", "examples", "noxfile.py")


def prepare(session: nox.Session, *groups: str, editable: bool = True) -> None:
    """Install the pinned tools of some dependency groups, and hopcheck with all its extras."""
    wanted = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *groups)
    session.install("-c", PINS, *wanted, *(["-e", ".[all]"] if editable else []))
    session.env["PYTHONDONTWRITEBYTECODE"] = ""


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, layers, cassettes without secrets, and what containers are made of."""
    prepare(session, "lint")
    session.run("ruff", "check", *FORMATTED)
    session.run("ruff", "format", "--check", *FORMATTED)
    session.run("lint-imports")
    session.run("python", "-m", "hopcheck.cassettes", "cassettes")
    lint_containers(session)


def lint_containers(session: nox.Session) -> None:
    """The images' files and the compose file, as far as they can be judged without a container engine."""
    session.run("hadolint", *DOCKERFILES)
    session.run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    if shutil.which("docker-compose") is None:
        session.warn(
            f"docker-compose isn't here, so nobody has read {COMPOSE} as it would: apt-get install docker-compose"
        )
        return
    for variables in sorted(Path("examples").glob("*.env")):
        command = ["docker-compose", "--file", COMPOSE, "--env-file", str(variables), "config", "--quiet"]
        session.run(*command, external=True, env=MADE_KEYS)


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    prepare(session, "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The suite's own tests: no network, no LiteLLM."""
    prepare(session, "tests")
    spread = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")  # tests/conftest.py says which come first
    session.run("pytest", "-m", f"not ({ELSEWHERE})", *spread, *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """The whole kill table, a short search, and the real chain: upstream, LiteLLM, reference proxy."""
    prepare(session, "tests")
    session.run("hopcheck", "selftest")
    session.run("hopcheck", "selftest", "--replay", "cassettes/litellm-1.106.2")
    session.run("python", "-m", "hopcheck.fuzz.reference", "100")
    session.run("pytest", "-m", ELSEWHERE, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search the reference proxy for long; with `-- --mutants`, show that the search finds what it should."""
    prepare(session)
    if "--mutants" in session.posargs:
        options = [option for option in session.posargs if option != "--mutants"]
        session.run("python", "-m", "hopcheck.selftest.fuzz_search", "--naive", "examples/naive_proxy/app.py", *options)
    else:
        session.run("python", "-m", "hopcheck.fuzz.reference", "2000", *session.posargs)


@nox.session
def calibrate(session: nox.Session) -> None:
    """Hold figures of known delays, also Locust's and wrk's, against the truth; no default: wants a quiet machine."""
    prepare(session)
    session.run("python", "-m", "tools.calibrate", "--others", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """What hopcheck's own parts cost; saved, and compared with the last run: `nox -s bench -- --benchmark-compare`."""
    prepare(session, "tests")
    files = sorted(str(path) for path in Path("tools/benchmarks").glob("bench_*.py"))
    columns = "--benchmark-columns=median,iqr,rounds"
    session.run("pytest", *files, "--benchmark-autosave", "--benchmark-warmup=on", columns, *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and see that it holds the packages' files, all of them and nothing else."""
    prepare(session, "build", editable=False)
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    (wheel,) = folder.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    missing, strange = sorted(tree() - packed), sorted(packed - tree())
    if missing or strange:
        session.error(f"the wheel lacks {missing} and has {strange} beside")
    session.log(f"{wheel.name}: {len(packed)} files, as in the tree")
    session.install("-c", PINS, str(wheel))
    session.run("hopcheck", "cases", "chat.schema")


def tree() -> set[str]:
    """The files of the packages, as they should stand in a wheel."""
    return {
        str(path.relative_to(Path(package).parent))
        for package in PACKAGES
        for path in Path(package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
